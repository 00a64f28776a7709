using System.Security.Cryptography;
using Dapr.Voice.Contracts;
using Dapr.Voice.Dtls;
using Dapr.Voice.Hosting;
using Dapr.Voice.Ice;
using Dapr.Voice.Links;
using Dapr.Voice.Steering;
using Dapr.Voice.TestKit.Calls;
using Dapr.Voice.Udp;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Integration.Transceiver;

/// <summary>
/// A caller together with the relay in front of it: a real link over a real socket, and a client's session behind it. Use it from one
/// thread.
/// </summary>
internal sealed class TestCaller : IDisposable
{
    private static readonly TransportAddress RelayAddress = TransportAddress.FromIPv4(0xC000_0201, 3478);

    private readonly LinkTransport _transport;
    private readonly string _relay = $"relay-{Guid.NewGuid():n}"[..16];
    private readonly FleetKeys _keys;
    private TransportAddress _transceiver;
    private readonly WakeUp _wakeUp = new();
    private readonly SocketPoller _poller;
    private LinkConnector _connector;
    private LinkConnector? _other;
    private TransportAddress _otherTransceiver;
    private readonly SessionId _id;
    private readonly TalkingPeer _peer;
    private readonly byte[] _buffer = new byte[2048];
    private OpenDatagram _open;

    public TestCaller(FleetKeys keys, SessionRecord record, LinkScheme scheme, TransportAddress link, string? password = null)
    {
        Instant now = MonotonicClock.Now;
        _keys = keys;
        _transport = scheme == LinkScheme.Tcp ? TcpLinkTransport.Create(1)
            : UdpLinkTransport.Bind(TransportAddress.FromIPv4(0x7F00_0001, 0));
        _poller = new SocketPoller(_wakeUp, _transport.Descriptor);
        _transceiver = _transport.Connect(link, now);
        _connector = Connector(link, now);
        Assert.True(CallId.TryParse(record.CallId, out _, out string id) && SessionId.TryParse(id, out _id));
        _peer = new TalkingPeer(
            new IceCredentials(record.LocalUfrag, password ?? IcePassword.Derive(keys.PasswordKeys, record.LocalUfrag)),
            TestFleet.Fingerprint,
            RelayAddress, now);
    }

    public static CertificateFingerprint Fingerprint => TalkingPeer.Certificate.Fingerprint;

    public TransportAddress ClientAddress { get; private set; } = TransportAddress.FromIPv4(0xC633_6407, 40_000);
    public PeerSession Peer => _peer.Session;
    public bool IsGone { get; private set; }
    public bool IsClosed => Closed != PeerCloseReason.None;
    public PeerCloseReason Closed => _peer.Closed;
    public List<string> Messages => _peer.Messages;

    /// <summary>How many audio frames arrived.</summary>
    public int Heard => _peer.Heard;

    /// <summary>How many of the audio frames that arrived were not silence.</summary>
    public int HeardLoud => _peer.HeardLoud;

    /// <summary>How many slots the transceiver serves, as far as the link knows.</summary>
    public int Slots => CountSlots();

    /// <summary>Makes a call that is up, and whose record says so.</summary>
    /// <inheritdoc cref="TestFleet.NewRecord"/>
    public static async Task<(SessionRecord Record, TestCaller Caller)> CallAsync(
        TestFleet fleet, string agent = "echo", int? slot = null)
    {
        SessionRecord record = fleet.NewRecord(Fingerprint, agent, slot);
        await fleet.SaveAsync(record);
        var caller = new TestCaller(fleet.Keys, record, fleet.Scheme, fleet.Links[0]);
        caller.Connect();
        caller.RunUntil(() => fleet.Stored(record)!.State == SessionState.Connected, "the record says connected");
        return (record, caller);
    }

    /// <summary>A tone of 440 Hz as 24 kHz PCM, for a backend that speaks.</summary>
    public static byte[] Tone(int milliseconds)
    {
        byte[] pcm = new byte[milliseconds * 48];
        for (int i = 0; i < pcm.Length / 2; i++)
            BitConverter.TryWriteBytes(pcm.AsSpan(2 * i), (short)(8000 * Math.Sin(2 * Math.PI * 440 * i / 24_000)));
        return pcm;
    }

    /// <summary>Sends a tone of 440 Hz from now on.</summary>
    public void StartTalking() => _peer.StartTalking();

    /// <summary>Runs the caller until the condition holds. Fails the test after <paramref name="seconds"/>.</summary>
    public void RunUntil(Func<bool> condition, string what, double seconds = 10)
    {
        Instant deadline = MonotonicClock.Now + TimeSpan.FromSeconds(seconds);
        while (!condition())
        {
            Assert.True(MonotonicClock.Now < deadline, $"It never came to be that {what}.");
            Turn();
        }
    }

    public void Run(TimeSpan time)
    {
        Instant end = MonotonicClock.Now + time;
        while (MonotonicClock.Now < end) Turn();
    }

    public void Connect()
    {
        RunUntil(() => _connector.IsUp && Slots > 0, "the link is up and knows slots");
        RunUntil(() => Peer.IsChannelOpen, "the events channel is open");
    }

    /// <summary>
    /// The relay has a link to another transceiver, too, as a relay has to all. What comes from there goes to the client.
    /// </summary>
    public void LinkTo(TransportAddress link)
    {
        Instant now = MonotonicClock.Now;
        _otherTransceiver = _transport.Connect(link, now);
        _other = Connector(link, now);
        RunUntil(() => _other.IsUp, "the link to the other transceiver is up");
    }

    /// <summary>The relay sends to another transceiver from now on, as after a takeover. The client does not notice.</summary>
    public void MoveTo(TransportAddress link)
    {
        if (_other is null) LinkTo(link);
        (_connector, _transceiver, _other) = (_other!, _otherTransceiver, null);
    }

    public void Close()
    {
        Peer.Close(MonotonicClock.Now);
        Turn();
    }

    /// <summary>Goes on with a new ICE agent on a new address, as a client does after an ICE restart.</summary>
    public void RestartIce(IceCredentials local, IceCredentials answerer)
    {
        ClientAddress = TransportAddress.FromIPv4(0xC633_6407, 41_000);
        _peer.RestartIce(local, answerer, RelayAddress, MonotonicClock.Now);
    }

    /// <summary>Sends from another address from now on, as behind a NAT that has forgotten its binding.</summary>
    public void Rebind() => ClientAddress = TransportAddress.FromIPv4(0xC633_6407, 42_000);

    public bool SendText(string json) => _peer.SendText(json);

    public void Dispose()
    {
        _peer.Dispose();
        _poller.Dispose();
        _wakeUp.Dispose();
        _transport.Dispose();
    }

    private LinkConnector Connector(TransportAddress link, Instant now)
        => new(_keys.LinkKey, _relay, 1, link, TestFleet.Options.SlotCount, RandomNumberGenerator.Fill, now);

    private int CountSlots()
    {
        int count = 0;
        foreach (long epoch in _connector.Epochs) count += epoch >= 0 ? 1 : 0;
        return count;
    }

    private void Turn()
    {
        Instant now = MonotonicClock.Now;
        if (_connector.NextTimeout <= now) _connector.HandleTimeout(now);
        if (_other?.NextTimeout <= now) _other.HandleTimeout(now);
        _peer.HandleTimeouts(now);
        int received = _transport.Receive(now);
        for (int i = 0; i < received; i++)
        {
            _transport.Get(i, out Span<byte> datagram, out TransportAddress from);
            LinkConnector.Frames frames = (_other is not null && from == _otherTransceiver ? _other : _connector).Receive(datagram, now);
            while (frames.TryRead(out LinkFrame frame))
            {
                if (frame.SessionId != _id) continue;
                if (frame.Kind == LinkFrameKind.Gone) IsGone = true;
                else
                {
                    Peer.Receive(frame.Payload, new TransportPath(0, RelayAddress), now);
                    // The next packet may end the session, and what was not read by then is gone.
                    _peer.Listen(now);
                }
            }
        }
        Drain(now);
        if (received == 0) _poller.Wait(TimeSpan.FromMilliseconds(2));
    }

    private void DrainLink(LinkConnector connector, TransportAddress transceiver, Instant now)
    {
        while (connector.TryTakeEvent(out _)) { }
        while (connector.TryTransmit(_buffer, out int length, now)) _transport.SendControl(transceiver, _buffer.AsSpan(0, length), now);
    }

    private void Drain(Instant now)
    {
        DrainLink(_connector, _transceiver, now);
        if (_other is not null) DrainLink(_other, _otherTransceiver, now);
        _peer.Listen(now);
        while (_connector.IsUp && Peer.TryTransmit(_buffer, out int length, out _, now))
        {
            int bytes = LinkFrame.HeaderLengthIPv4 + length;
            if (_transport.TryAppend(ref _open, _transceiver, bytes, LinkTransport.IsAudio(_buffer.AsSpan(0, length)), now,
                out Span<byte> room))
                _connector.WriteData(room, _id, ClientAddress, 0, false, _buffer.AsSpan(0, length));
        }
        _transport.Flush(now);
    }
}

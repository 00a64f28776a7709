using System.Security.Cryptography;
using System.Text;
using Dapr.Voice.Contracts;
using Dapr.Voice.Dtls;
using Dapr.Voice.Hosting;
using Dapr.Voice.Ice;
using Dapr.Voice.Links;
using Dapr.Voice.Opus;
using Dapr.Voice.Sctp;
using Dapr.Voice.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Integration.Transceiver;

/// <summary>
/// A caller and the relay in front of it in one: a real link over a real socket, and a client's <see cref="PeerSession"/> behind it. One
/// thread, the test's.
/// </summary>
internal sealed class TestCaller : IDisposable
{
    private static readonly TransportAddress ClientAddress = TransportAddress.FromIPv4(0xC633_6407, 40_000);
    private static readonly TransportAddress RelayAddress = TransportAddress.FromIPv4(0xC000_0201, 3478);
    private static readonly DtlsCertificate Certificate = DtlsCertificate.Generate();

    private readonly LinkTransport _transport;
    private readonly TransportAddress _transceiver;
    private readonly WakeUp _wakeUp = new();
    private readonly SocketPoller _poller;
    private readonly LinkConnector _connector;
    private readonly SessionId _id;
    private readonly PeerSession _peer;
    private readonly IOpusEncoder _encoder = OpusCodec.Libopus.CreateEncoder();
    private readonly IOpusDecoder _decoder = OpusCodec.Libopus.CreateDecoder();
    private readonly byte[] _buffer = new byte[2048];
    private readonly short[] _pcm = new short[480];
    private Instant _nextFrame = Instant.Never;
    private OpenDatagram _open;
    private int _phase;

    public TestCaller(FleetKeys keys, SessionRecord record, LinkScheme scheme, TransportAddress link)
    {
        Instant now = MonotonicClock.Now;
        _transport = scheme == LinkScheme.Tcp ? TcpLinkTransport.Create(1)
            : UdpLinkTransport.Bind(TransportAddress.FromIPv4(0x7F00_0001, 0));
        _poller = new SocketPoller(_wakeUp, _transport.Descriptor);
        _transceiver = _transport.Connect(link, now);
        _connector = new LinkConnector(
            keys.LinkKey, $"relay-{Guid.NewGuid():n}"[..16], 1, link, TestFleet.Options.SlotCount, RandomNumberGenerator.Fill, now);
        Assert.True(CallId.TryParse(record.CallId, out _, out string id) && SessionId.TryParse(id, out _id));
        _peer = new PeerSession(
            new PeerSessionOptions
            {
                IceRole = IceRole.Controlling,
                LocalCredentials = new IceCredentials("cafe", "callercallercallercaller"),
                RemoteCredentials = new IceCredentials(record.LocalUfrag, IcePassword.Derive(keys.PasswordKeys, record.LocalUfrag)),
                TieBreaker = 7,
                DtlsRole = DtlsRole.Client,
                Certificate = Certificate,
                ExpectedFingerprints = [TestFleet.Fingerprint],
                Audio = new PeerAudioOptions(0x1111_1111, "caller", 111, 100, 5),
                Data = new PeerDataOptions(OpenLabel: PeerSession.EventsLabel),
                Random = RandomNumberGenerator.Fill,
            },
            now);
        _peer.AddRemoteCandidate(Candidate.Host(RelayAddress), 0);
    }

    public static CertificateFingerprint Fingerprint => Certificate.Fingerprint;

    public PeerSession Peer => _peer;
    public bool IsGone { get; private set; }
    public bool IsClosed => Closed != PeerCloseReason.None;
    public PeerCloseReason Closed { get; private set; }
    public List<string> Messages { get; } = [];

    /// <summary>Frames heard, and of those the ones that are no silence.</summary>
    public int Heard { get; private set; }
    public int HeardLoud { get; private set; }
    public int Slots => CountSlots();

    /// <summary>A 440 Hz tone from here on.</summary>
    public void StartTalking() => _nextFrame = MonotonicClock.Now;

    /// <summary>Goes on until the condition holds; fails the test after some seconds.</summary>
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
        RunUntil(() => _peer.IsChannelOpen, "the events channel is open");
    }

    public void Close()
    {
        _peer.Close(MonotonicClock.Now);
        Turn();
    }

    public bool SendText(string json) => _peer.SendText(Encoding.UTF8.GetBytes(json), MonotonicClock.Now);

    public void Dispose()
    {
        _peer.Dispose();
        _encoder.Dispose();
        _decoder.Dispose();
        _poller.Dispose();
        _wakeUp.Dispose();
        _transport.Dispose();
    }

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
        if (_peer.NextTimeout <= now) _peer.HandleTimeout(now);
        if (_nextFrame <= now) Talk(now);
        int received = _transport.Receive(now);
        for (int i = 0; i < received; i++)
        {
            _transport.Get(i, out Span<byte> datagram, out _);
            LinkConnector.Frames frames = _connector.Receive(datagram, now);
            while (frames.TryRead(out LinkFrame frame))
            {
                if (frame.SessionId != _id) continue;
                if (frame.Kind == LinkFrameKind.Gone) IsGone = true;
                else _peer.Receive(frame.Payload, new TransportPath(0, RelayAddress), now);
            }
        }
        Drain(now);
        if (received == 0) _poller.Wait(TimeSpan.FromMilliseconds(2));
    }

    private void Drain(Instant now)
    {
        while (_connector.TryTakeEvent(out _)) { }
        while (_peer.TryTakeEvent(out PeerEvent occurred))
        {
            if (occurred.Kind == PeerEventKind.Closed) Closed = occurred.Reason;
        }
        while (_peer.TryReceiveAudio(_buffer, out int length, out AudioFrameInfo frame, now))
        {
            if (frame.IsLost) continue;
            int samples = _decoder.Decode(_buffer.AsSpan(0, length), _pcm);
            Heard++;
            if (_pcm.AsSpan(0, samples).ContainsAnyExceptInRange((short)-1000, (short)1000)) HeardLoud++;
        }
        while (_peer.TryReceiveMessage(out DataChannelMessage message, now)) Messages.Add(Encoding.UTF8.GetString(message.Payload));
        while (_connector.TryTransmit(_buffer, out int length, now)) _transport.SendControl(_transceiver, _buffer.AsSpan(0, length), now);
        while (_connector.IsUp && _peer.TryTransmit(_buffer, out int length, out _, now))
        {
            int bytes = LinkFrame.HeaderLengthIPv4 + length;
            if (_transport.TryAppend(ref _open, _transceiver, bytes, LinkTransport.IsAudio(_buffer.AsSpan(0, length)), now,
                out Span<byte> room))
                _connector.WriteData(room, _id, ClientAddress, 0, false, _buffer.AsSpan(0, length));
        }
        _transport.Flush(now);
    }

    private void Talk(Instant now)
    {
        _nextFrame += TimeSpan.FromMilliseconds(20);
        Span<short> pcm = stackalloc short[480];
        Span<byte> payload = stackalloc byte[OpusCodec.MaximumPacketBytes];
        foreach (ref short sample in pcm) sample = (short)(8000 * Math.Sin(2 * Math.PI * 440 * _phase++ / 24_000));
        _peer.SendAudio(payload[.._encoder.Encode(pcm, payload)], 960, false, now);
    }
}

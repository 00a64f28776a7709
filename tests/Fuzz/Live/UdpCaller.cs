using System.Security.Cryptography;
using System.Text;
using Dapr.Voice.Contracts;
using Dapr.Voice.Dtls;
using Dapr.Voice.Hosting;
using Dapr.Voice.Ice;
using Dapr.Voice.Opus;
using Dapr.Voice.Sctp;
using Dapr.Voice.Steering;
using Dapr.Voice.Tests.Integration.Transceiver;
using Dapr.Voice.Udp;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Fuzz.Live;

/// <summary>
/// A client at a relay's public port: it talks all the time, and shows its datagrams to whoever wants to change them. One thread, the
/// test's.
/// </summary>
internal sealed class UdpCaller : IDisposable
{
    public static readonly DtlsCertificate Certificate = DtlsCertificate.Generate();

    private readonly TransportAddress _relay;
    private readonly UdpBatchSocket _socket = UdpBatchSocket.Bind(TransportAddress.FromIPv4(0x7F00_0001, 0));
    private readonly PeerSession _peer;
    private readonly IOpusEncoder _encoder = OpusCodec.Libopus.CreateEncoder();
    private readonly IOpusDecoder _decoder = OpusCodec.Libopus.CreateDecoder();
    private readonly byte[] _buffer = new byte[2048];
    private readonly short[] _pcm = new short[2880];
    private Instant _nextFrame = Instant.Never;
    private int _phase;

    public UdpCaller(FleetKeys keys, SessionRecord record, TransportAddress relay)
    {
        _relay = relay;
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
            MonotonicClock.Now);
        _peer.AddRemoteCandidate(Candidate.Host(relay), 0);
    }

    /// <summary>Sees each datagram that goes to the relay or comes from it.</summary>
    public Action<byte[]>? Tap { get; set; }

    public bool IsChannelOpen => _peer.IsChannelOpen;
    public bool IsClosed => _peer.IsClosed;
    public List<string> Messages { get; } = [];

    /// <summary>Frames heard that are no silence: the tone, come back.</summary>
    public int HeardLoud { get; private set; }

    public void StartTalking() => _nextFrame = MonotonicClock.Now;

    public bool SendText(string json) => _peer.SendText(Encoding.UTF8.GetBytes(json), MonotonicClock.Now);

    /// <summary>Sends bytes from this client's own address.</summary>
    public void SendRaw(ReadOnlySpan<byte> datagram) => Send(_socket, datagram, _relay);

    public static void Send(UdpBatchSocket socket, ReadOnlySpan<byte> datagram, TransportAddress to)
        => datagram.CopyTo(socket.Queue(to, default, datagram.Length));

    public void RunUntil(Func<bool> condition, string what)
    {
        Instant deadline = MonotonicClock.Now + TimeSpan.FromSeconds(15);
        while (!condition())
        {
            if (MonotonicClock.Now > deadline) throw new TimeoutException($"It never came to be that {what}.");
            Turn();
            Thread.Sleep(1);
        }
    }

    /// <summary>All that is due now.</summary>
    public void Turn()
    {
        Instant now = MonotonicClock.Now;
        if (_peer.NextTimeout <= now) _peer.HandleTimeout(now);
        if (_nextFrame <= now) Talk(now);
        for (int count = _socket.Receive(); count > 0; count = _socket.Receive())
        {
            for (int i = 0; i < count; i++)
            {
                _socket.Get(i, out Span<byte> datagram, out TransportAddress from, out _);
                Tap?.Invoke(datagram.ToArray());
                _peer.Receive(datagram, new TransportPath(0, from), now);
            }
            Drain(now);
        }
        Drain(now);
        _socket.Flush();
    }

    public void Dispose()
    {
        _peer.Dispose();
        _encoder.Dispose();
        _decoder.Dispose();
        _socket.Dispose();
    }

    private void Drain(Instant now)
    {
        while (_peer.TryTakeEvent(out _)) { }
        while (_peer.TryReceiveAudio(_buffer, out int length, out AudioFrameInfo frame, now))
        {
            if (frame.IsLost) continue;
            int samples = _decoder.Decode(_buffer.AsSpan(0, length), _pcm);
            if (samples > 0 && _pcm.AsSpan(0, samples).ContainsAnyExceptInRange((short)-1000, (short)1000)) HeardLoud++;
        }
        while (_peer.TryReceiveMessage(out DataChannelMessage message, now)) Messages.Add(Encoding.UTF8.GetString(message.Payload));
        while (_peer.TryTransmit(_buffer, out int length, out TransportPath to, now))
        {
            Tap?.Invoke(_buffer[..length]);
            Send(_socket, _buffer.AsSpan(0, length), to.Remote);
        }
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

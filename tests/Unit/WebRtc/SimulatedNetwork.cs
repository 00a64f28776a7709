using Dapr.Voice.Dtls;
using Dapr.Voice.Ice;
using Dapr.Voice.Sctp;
using Dapr.Voice.TestKit;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Unit.WebRtc;

/// <summary>
/// A caller and a transceiver's session on a seeded network in virtual time: one-way delay, loss, reordering, duplication. The same each
/// run, but for the certificates' random bytes. OpenSSL keeps a clock of its own, so the handshake is carried without loss.
/// </summary>
internal sealed class SimulatedNetwork : IDisposable
{
    public static readonly TransportAddress CallerAddress = TransportAddress.FromIPv4(0xC000_0202, 40_000);
    public static readonly TransportAddress ServerAddress = TransportAddress.FromIPv4(0xC000_0201, 3478);

    /// <summary>What the server says when the caller was silent for too long.</summary>
    public const string Farewell = "farewell";

    private static readonly DtlsCertificate CallerCertificate = DtlsCertificate.Generate();
    public static readonly DtlsCertificate ServerCertificate = DtlsCertificate.Generate();

    private readonly Random _random;
    private readonly PriorityQueue<(bool ToServer, byte[] Bytes, TransportAddress From), (long At, int Order)> _flying = new();
    private readonly byte[] _buffer = new byte[PeerSession.MaximumDatagramBytes];
    private readonly IceAgent _answering;
    private int _order;

    /// <param name="serverRole">Client: the caller is the DTLS server, as after an offer with setup:passive.</param>
    /// <param name="knowsCaller">False: the server can't challenge the caller.</param>
    public SimulatedNetwork(
        int seed, CertificateFingerprint? serverExpects = null, string label = PeerSession.EventsLabel,
        DtlsRole serverRole = DtlsRole.Server, bool knowsCaller = true)
    {
        _random = new Random(seed);
        var callerCredentials = new IceCredentials("cafe", "callercallercallercaller");
        var serverCredentials = new IceCredentials("aabbccddeeffgghh", "serverserverserverserver");
        Now = Instant.FromMilliseconds(1_000_000);
        _answering = new IceAgent(IceRole.Lite, serverCredentials, null, 9, Seeded.Random(4), Now);
        Caller = new PeerSession(new PeerSessionOptions
        {
            IceRole = IceRole.Controlling,
            LocalCredentials = callerCredentials,
            RemoteCredentials = serverCredentials,
            TieBreaker = 7,
            DtlsRole = serverRole == DtlsRole.Server ? DtlsRole.Client : DtlsRole.Server,
            Certificate = CallerCertificate,
            ExpectedFingerprints = [ServerCertificate.Fingerprint],
            Audio = new PeerAudioOptions(0x1111_1111, "caller", 111, 65_000 - 40_000, 5),
            Data = new PeerDataOptions(OpenLabel: label),
            Random = Seeded.Random(1),
        }, Now);
        Caller.AddRemoteCandidate(Candidate.Host(ServerAddress), 0);
        Server = new PeerSession(new PeerSessionOptions
        {
            IceRole = IceRole.Lite,
            LocalCredentials = serverCredentials,
            RemoteCredentials = knowsCaller ? callerCredentials : null,
            DtlsRole = serverRole,
            Certificate = ServerCertificate,
            ExpectedFingerprints = [serverExpects ?? CallerCertificate.Fingerprint],
            Audio = new PeerAudioOptions(0x2222_2222, "server", 111, 100, 77),
            Data = new PeerDataOptions(RemoteMaximumMessageSize: 262_144),
            FarewellAfterSilence = System.Text.Encoding.UTF8.GetBytes(Farewell),
            Random = Seeded.Random(2),
        }, Now);
    }

    public PeerSession Caller { get; }
    public PeerSession Server { get; set; }
    public Instant Now { get; private set; }
    public double Loss { get; set; }
    public double Duplication { get; set; }
    public int DelayMilliseconds { get; set; } = 10;
    public int JitterMilliseconds { get; set; }

    /// <summary>The caller's address as the server sees it; a change is a NAT that rebinds.</summary>
    public TransportAddress CallerSeenAs { get; set; } = CallerAddress;

    /// <summary>Datagrams to the server vanish while set.</summary>
    public bool IsCut { get; set; }

    /// <summary>The server's process is gone: nothing reaches it and it does nothing.</summary>
    public bool IsServerDead { get; set; }

    public int StepMilliseconds { get; set; } = 1;

    /// <summary>Sees what the server sends, before it can be lost.</summary>
    public Action<byte[]>? ServerSent { get; set; }

    /// <summary>
    /// The kinds of datagrams that still get to the server. Null: all. Checks that do not get there are answered on the way, as if the
    /// caller sent none.
    /// </summary>
    public DatagramKind[]? OnlyToServer { get; set; }

    /// <summary>Everything that the caller sent, while it is not null.</summary>
    public List<byte[]>? Recorded { get; set; }

    public List<PeerEvent> CallerEvents { get; } = [];
    public List<PeerEvent> ServerEvents { get; } = [];
    public List<(bool IsLost, uint Timestamp, byte[] Payload)> HeardByServer { get; } = [];
    public List<(bool IsLost, uint Timestamp, byte[] Payload)> HeardByCaller { get; } = [];
    public List<string> ReadByServer { get; } = [];
    public List<string> ReadByCaller { get; } = [];

    /// <summary>Moves time on in steps of a millisecond until the condition holds.</summary>
    /// <returns>False if it did not within the limit.</returns>
    public bool RunUntil(Func<bool> condition, int limitMilliseconds = 20_000)
    {
        for (int i = 0; i < limitMilliseconds; i += StepMilliseconds)
        {
            if (condition()) return true;
            Step();
        }
        return condition();
    }

    public void Run(int milliseconds) => RunUntil(() => false, milliseconds);

    public void Connect()
    {
        Xunit.Assert.True(RunUntil(() => Caller.IsChannelOpen && Server.IsChannelOpen), "no connection");
    }

    private void Step()
    {
        Now += TimeSpan.FromMilliseconds(StepMilliseconds);
        while (_flying.TryPeek(out (bool ToServer, byte[] Bytes, TransportAddress From) packet, out (long At, int Order) due)
            && due.At <= Now.Ticks)
        {
            _flying.Dequeue();
            if (packet.ToServer && IsServerDead) continue;
            if (packet.ToServer) Server.Receive(packet.Bytes, new TransportPath(3, packet.From), Now);
            else Caller.Receive(packet.Bytes, new TransportPath(0, ServerAddress), Now);
            Drain();
        }
        if (Caller.NextTimeout <= Now) Caller.HandleTimeout(Now);
        if (!IsServerDead && Server.NextTimeout <= Now) Server.HandleTimeout(Now);
        Drain();
    }

    private void Drain()
    {
        Drain(Caller, toServer: true, CallerEvents, HeardByCaller, ReadByCaller);
        if (!IsServerDead) Drain(Server, toServer: false, ServerEvents, HeardByServer, ReadByServer);
    }

    private void Drain(PeerSession peer, bool toServer, List<PeerEvent> events, List<(bool, uint, byte[])> heard, List<string> read)
    {
        while (peer.TryReceiveAudio(_buffer, out int length, out AudioFrameInfo frame, Now))
            heard.Add((frame.IsLost, frame.Timestamp, _buffer[..length]));
        while (peer.TryReceiveMessage(out DataChannelMessage message, Now)) read.Add(System.Text.Encoding.UTF8.GetString(message.Payload));
        while (peer.TryTakeEvent(out PeerEvent occurred)) events.Add(occurred);
        while (peer.TryTransmit(_buffer, out int length, out _, Now)) Fly(toServer, _buffer.AsSpan(0, length));
    }

    private void Fly(bool toServer, ReadOnlySpan<byte> datagram)
    {
        if (toServer) Recorded?.Add(datagram.ToArray());
        else ServerSent?.Invoke(datagram.ToArray());
        if (toServer && IsCut) return;
        if (toServer && OnlyToServer?.Contains(DatagramDemultiplexer.Classify(datagram)) == false)
        {
            _answering.Receive(datagram, new TransportPath(3, CallerSeenAs), Now);
            Span<byte> answer = stackalloc byte[IceAgent.MaximumDatagramLength];
            while (_answering.TryTransmit(answer, out int length, out _)) Fly(toServer: false, answer[..length]);
            return;
        }
        bool isHandshake = DatagramDemultiplexer.Classify(datagram) == DatagramKind.Dtls && datagram[0] is 20 or 22;
        if (!isHandshake && _random.NextDouble() < Loss) return;
        int copies = _random.NextDouble() < Duplication ? 2 : 1;
        for (int i = 0; i < copies; i++)
        {
            long at = (Now + TimeSpan.FromMilliseconds(DelayMilliseconds + (isHandshake ? 0 : _random.Next(JitterMilliseconds + 1)))).Ticks;
            _flying.Enqueue((toServer, datagram.ToArray(), CallerSeenAs), (at, _order++));
        }
    }

    public void Dispose()
    {
        Caller.Dispose();
        Server.Dispose();
    }
}

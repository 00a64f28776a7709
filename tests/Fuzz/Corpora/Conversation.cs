using System.Text;
using Dapr.Voice.Dtls;
using Dapr.Voice.Ice;
using Dapr.Voice.Sctp;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Fuzz.Corpora;

/// <summary>
/// A caller and a transceiver's session that talk in virtual time: a frame each every 20 ms, a message each every 100 ms, one way 5 ms.
/// What each hears is compared with what was said, so that an attack which costs one frame shows.
/// </summary>
internal sealed class Conversation : IDisposable
{
    public const uint CallerSsrc = 0x1111_1111, ServerSsrc = 0x2222_2222;
    public static readonly TransportAddress CallerAddress = TransportAddress.FromIPv4(0xC000_0202, 40_000);
    public static readonly TransportAddress ServerAddress = TransportAddress.FromIPv4(0xC000_0201, 3478);
    public static readonly TransportPath CallerPath = new(3, CallerAddress), ServerPath = new(0, ServerAddress);
    public static readonly IceCredentials CallerCredentials = new("cafe", "callercallercallercaller");
    public static readonly IceCredentials ServerCredentials = new("aabbccddeeffgghh", "serverserverserverserver");

    private const int DelayMilliseconds = 5;
    private static readonly DtlsCertificate CallerCertificate = DtlsCertificate.Generate();
    public static readonly DtlsCertificate ServerCertificate = DtlsCertificate.Generate();

    private readonly Queue<(Instant At, bool ToServer, byte[] Bytes)> _flying = new();
    private readonly byte[] _buffer = new byte[2048];
    private readonly Ear _atServer = new(), _atCaller = new();
    private int _milliseconds, _frame, _text;

    public Conversation(ulong seed)
    {
        Now = Instant.FromMilliseconds(1_000_000);
        Caller = new PeerSession(new PeerSessionOptions
        {
            IceRole = IceRole.Controlling,
            LocalCredentials = CallerCredentials,
            RemoteCredentials = ServerCredentials,
            TieBreaker = 7,
            DtlsRole = DtlsRole.Client,
            Certificate = CallerCertificate,
            ExpectedFingerprints = [ServerCertificate.Fingerprint],
            Audio = new PeerAudioOptions(CallerSsrc, "caller", 111, 25_000, 5),
            Data = new PeerDataOptions(OpenLabel: PeerSession.EventsLabel),
            Random = Seeded.Random(seed),
        }, Now);
        Caller.AddRemoteCandidate(Candidate.Host(ServerAddress), 0);
        Server = new PeerSession(new PeerSessionOptions
        {
            IceRole = IceRole.Lite,
            LocalCredentials = ServerCredentials,
            DtlsRole = DtlsRole.Server,
            Certificate = ServerCertificate,
            ExpectedFingerprints = [CallerCertificate.Fingerprint],
            Audio = new PeerAudioOptions(ServerSsrc, "server", 111, 100, 77),
            Data = new PeerDataOptions(RemoteMaximumMessageSize: 262_144),
            Random = Seeded.Random(seed + 1),
        }, Now);
    }

    public PeerSession Caller { get; }
    public PeerSession Server { get; }
    public Instant Now { get; private set; }

    /// <summary>Sees every datagram that leaves; the flag says whether it goes to the server.</summary>
    public Action<bool, byte[]>? Tap { get; set; }

    /// <summary>Datagrams that either end sent to an address that is not the other's.</summary>
    public int Strays { get; private set; }

    public bool IsTalking { get; set; }

    /// <summary>What went wrong in the conversation, or null.</summary>
    public string? Trouble => Caller.IsClosed || Server.IsClosed ? "a session ended: " + (_atServer.End ?? _atCaller.End)
        : _atServer.Trouble is { } up ? "at the server " + up
        : _atCaller.Trouble is { } down ? "at the caller " + down
        : null;

    /// <summary>Frames and messages that arrived, both ways.</summary>
    public (int Frames, int Texts) Heard => (_atServer.Frames + _atCaller.Frames, _atServer.Texts + _atCaller.Texts);

    /// <summary>All that was said has been heard.</summary>
    public bool IsComplete => _atServer.Frames == _frame && _atCaller.Frames == _frame && _atServer.Texts == _text
        && _atCaller.Texts == _text;

    public string Counts
        => $"said {_frame} frames, {_text} messages; server heard {_atServer.Frames}, {_atServer.Texts}; caller heard {_atCaller.Frames}, "
            + $"{_atCaller.Texts}";

    public void Connect()
    {
        for (int i = 0; i < 5000 && !(Caller.IsChannelOpen && Server.IsChannelOpen); i++) Step();
        if (!Caller.IsChannelOpen || !Server.IsChannelOpen) throw new InvalidOperationException("The conversation did not begin.");
    }

    public void Run(int milliseconds)
    {
        for (; milliseconds > 0; milliseconds--) Step();
    }

    /// <summary>A millisecond passes.</summary>
    public void Step()
    {
        Now += TimeSpan.FromMilliseconds(1);
        if (IsTalking) Talk();
        while (_flying.TryPeek(out (Instant At, bool ToServer, byte[] Bytes) next) && next.At <= Now)
        {
            _flying.Dequeue();
            if (next.ToServer) Server.Receive(next.Bytes, CallerPath, Now);
            else Caller.Receive(next.Bytes, ServerPath, Now);
        }
        if (Caller.NextTimeout <= Now) Caller.HandleTimeout(Now);
        if (Server.NextTimeout <= Now) Server.HandleTimeout(Now);
        Drain();
    }

    /// <summary>Takes what both ends have to say and send.</summary>
    public void Drain()
    {
        Drain(Caller, toServer: true, _atCaller);
        Drain(Server, toServer: false, _atServer);
    }

    private void Talk()
    {
        if (_milliseconds++ % 20 != 0) return;
        Span<byte> payload = stackalloc byte[60];
        payload.Clear();
        BitConverter.TryWriteBytes(payload, _frame);
        Caller.SendAudio(payload, 960, _frame == 0, Now);
        Server.SendAudio(payload, 960, _frame == 0, Now);
        if (_frame++ % 5 != 0) return;
        byte[] text = Encoding.UTF8.GetBytes($$"""{"type":"input_audio_buffer.clear","event_id":"e{{_text}}"}""");
        if (Caller.SendText(text, Now) && Server.SendText(text, Now)) _text++;
    }

    private void Drain(PeerSession peer, bool toServer, Ear ear)
    {
        while (peer.TryReceiveAudio(_buffer, out int length, out AudioFrameInfo frame, Now))
            ear.OnFrame(frame.IsLost ? null : BitConverter.ToInt32(_buffer.AsSpan(0, length)));
        while (peer.TryReceiveMessage(out DataChannelMessage message, Now)) ear.OnText(Encoding.UTF8.GetString(message.Payload));
        while (peer.TryTakeEvent(out PeerEvent occurred)) ear.OnEvent(occurred);
        while (peer.TryTransmit(_buffer, out int length, out TransportPath to, Now))
        {
            byte[] datagram = _buffer[..length];
            Tap?.Invoke(toServer, datagram);
            if (to == (toServer ? ServerPath : CallerPath))
                _flying.Enqueue((Now + TimeSpan.FromMilliseconds(DelayMilliseconds), toServer, datagram));
            else Strays++;
        }
    }

    public void Dispose()
    {
        Caller.Dispose();
        Server.Dispose();
    }

    /// <summary>One end's view: frames and messages have to come in order, each once.</summary>
    private sealed class Ear
    {
        public int Frames { get; private set; }
        public int Texts { get; private set; }
        public string? Trouble { get; private set; }
        public string? End { get; private set; }

        public void OnFrame(int? number)
        {
            if (number != Frames) Trouble ??= $"frame {Frames} came as {number?.ToString() ?? "lost"}";
            Frames++;
        }

        public void OnText(string text)
        {
            if (!text.EndsWith($"\"e{Texts}\"}}", StringComparison.Ordinal)) Trouble ??= $"message {Texts} came as '{text}'";
            Texts++;
        }

        public void OnEvent(PeerEvent occurred)
        {
            if (occurred.Kind == PeerEventKind.Closed) End = occurred.Reason.ToString();
            else if (occurred.Kind == PeerEventKind.ChannelClosed) Trouble ??= "the channel closed";
        }
    }
}

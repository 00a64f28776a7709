using System.Security.Cryptography;
using System.Text;
using Dapr.Voice.Dtls;
using Dapr.Voice.Ice;
using Dapr.Voice.Opus;
using Dapr.Voice.Sctp;
using Dapr.Voice.Udp;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.TestKit.Calls;

/// <summary>
/// A caller's session with 24 kHz audio: it can send a tone, and it counts what it hears. The owner moves its datagrams. Use it from one
/// thread.
/// </summary>
public sealed class TalkingPeer : IDisposable
{
    /// <summary>The ICE credentials of every caller.</summary>
    public static readonly IceCredentials Credentials = new("cafe", "callercallercallercaller");
    public const uint AudioSsrc = 0x1111_1111;

    /// <summary>The certificate of every caller.</summary>
    public static readonly DtlsCertificate Certificate = DtlsCertificate.Generate();

    private readonly IOpusEncoder _encoder = OpusCodec.Libopus.CreateEncoder();
    private readonly IOpusDecoder _decoder = OpusCodec.Libopus.CreateDecoder();
    private readonly byte[] _buffer = new byte[2048];
    private readonly short[] _pcm = new short[2880];
    private Instant _nextFrame = Instant.Never;
    private int _phase;

    /// <param name="answerer">The ICE credentials in the answer.</param>
    /// <param name="fingerprint">The certificate in the answer.</param>
    /// <param name="relay">The only candidate in the answer.</param>
    public TalkingPeer(IceCredentials answerer, CertificateFingerprint fingerprint, TransportAddress relay, Instant now)
    {
        Session = new PeerSession(
            new PeerSessionOptions
            {
                IceRole = IceRole.Controlling,
                LocalCredentials = Credentials,
                RemoteCredentials = answerer,
                TieBreaker = 7,
                DtlsRole = DtlsRole.Client,
                Certificate = Certificate,
                ExpectedFingerprints = [fingerprint],
                Audio = new PeerAudioOptions(AudioSsrc, "caller", 111, 100, 5),
                Data = new PeerDataOptions(OpenLabel: PeerSession.EventsLabel),
                Random = RandomNumberGenerator.Fill,
            },
            now);
        Session.AddRemoteCandidate(Candidate.Host(relay), 0);
    }

    public PeerSession Session { get; private set; }

    /// <summary>Why the session closed, or <see cref="PeerCloseReason.None"/>.</summary>
    public PeerCloseReason Closed { get; private set; }

    /// <summary>The messages of the events channel, in order.</summary>
    public List<string> Messages { get; } = [];

    /// <summary>How many audio frames arrived.</summary>
    public int Heard { get; private set; }

    /// <summary>How many of the audio frames that arrived were not silence.</summary>
    public int HeardLoud { get; private set; }

    /// <summary>Sends a tone of 440 Hz from now on.</summary>
    public void StartTalking() => _nextFrame = MonotonicClock.Now;

    /// <summary>Goes on with a new ICE agent under the same DTLS, media and channels, as a client does after an ICE restart.</summary>
    public void RestartIce(IceCredentials local, IceCredentials answerer, TransportAddress relay, Instant now)
    {
        PeerSessionState state = Session.ExportState(now);
        var ice = new IceAgentState { Role = IceRole.Controlling, Local = local, Remote = answerer, TieBreaker = 8, Paths = [] };
        Session.Dispose();
        Session = PeerSession.Import(state with { Ice = ice }, Certificate, default, RandomNumberGenerator.Fill, now);
        Session.AddRemoteCandidate(Candidate.Host(relay), 0);
    }

    public bool SendText(string json) => Session.SendText(Encoding.UTF8.GetBytes(json), MonotonicClock.Now);

    /// <summary>Handles the session's timeout, and sends the next frame of the tone, when they are due.</summary>
    public void HandleTimeouts(Instant now)
    {
        if (Session.NextTimeout <= now) Session.HandleTimeout(now);
        if (_nextFrame <= now) Talk(now);
    }

    /// <summary>Reads everything that the session has for its application. Datagrams to send stay in the session.</summary>
    public void Listen(Instant now)
    {
        while (Session.TryTakeEvent(out PeerEvent occurred))
        {
            if (occurred.Kind == PeerEventKind.Closed) Closed = occurred.Reason;
        }
        while (Session.TryReceiveAudio(_buffer, out int length, out AudioFrameInfo frame, now))
        {
            if (frame.IsLost) continue;
            int samples = _decoder.Decode(_buffer.AsSpan(0, length), _pcm);
            Heard++;
            if (_pcm.AsSpan(0, samples).ContainsAnyExceptInRange((short)-1000, (short)1000)) HeardLoud++;
        }
        while (Session.TryReceiveMessage(out DataChannelMessage message, now)) Messages.Add(Encoding.UTF8.GetString(message.Payload));
    }

    public void Dispose()
    {
        Session.Dispose();
        _encoder.Dispose();
        _decoder.Dispose();
    }

    private void Talk(Instant now)
    {
        _nextFrame += TimeSpan.FromMilliseconds(20);
        Span<short> pcm = stackalloc short[480];
        Span<byte> payload = stackalloc byte[OpusCodec.MaximumPacketBytes];
        foreach (ref short sample in pcm) sample = (short)(8000 * Math.Sin(2 * Math.PI * 440 * _phase++ / 24_000));
        Session.SendAudio(payload[.._encoder.Encode(pcm, payload)], 960, false, now);
    }
}

using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Dtls;
using Dapr.Voice.Hosting;
using Dapr.Voice.Ice;
using Dapr.Voice.Opus;
using Dapr.Voice.Steering;
using Dapr.Voice.Transceiver.Agents;
using Dapr.Voice.Transceiver.Checkpoints;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// Makes a session from its record, on any thread. The expensive parts (an OpenSSL connection, an agent) are made before a worker gets the
/// session, because a worker's frames must not be late.
/// </summary>
internal sealed partial class SessionFactory(
    FleetOptions fleet, TransceiverOptions options, FleetKeys keys, DtlsCertificate certificate, AgentCatalog agents, OpusCodec codec,
    CheckpointWriter checkpoints, TimeProvider time, ILoggerFactory loggers)
{
    // RFC 3550, section 5.1 wants a random start. Below 2^15 a receiver's first guess of the rollover counter is right (RFC 3711, section
    // 3.3.1).
    private const int FirstSequenceNumbers = 1 << 15;

    // Instant counts from an unknown origin. RTCP needs the time since 1900 (RFC 3550, section 4).
    private static readonly DateTimeOffset NtpOrigin = new(1900, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly ILogger _sessionLogger = loggers.CreateLogger("Dapr.Voice.Transceiver.Sessions");

    /// <summary>
    /// Reads the session's id from its record. Returns false if the record is not for this fleet, or if no session can be made from it.
    /// </summary>
    public bool TryIdentify(SessionRecord record, out SessionId id)
    {
        id = default;
        if (record.Region != fleet.Region || (uint)record.Slot >= (uint)fleet.SlotCount) return false;
        if (!CallId.TryParse(record.CallId, out string region, out string idText) || region != fleet.Region
            || !SessionId.TryParse(idText, out id)) return false;
        if (record.LocalUfrag.Length != RoutingHint.TextLength || !Ascii.IsValid(record.LocalUfrag)) return false;
        if (!RoutingHint.TryDecode(Encoding.ASCII.GetBytes(record.LocalUfrag), keys.HintKeys, out RoutingHint hint, out _)) return false;
        return hint.SessionId == id && hint.Slot == record.Slot && hint.Region == fleet.RegionNumber
            && record.MaximumSeconds > 0 && TryReadAudio(record, out _) && ReadFingerprints(record).Count > 0;
    }

    /// <param name="record">One that <see cref="TryIdentify"/> has accepted.</param>
    /// <param name="worker">The worker that will have the session.</param>
    public VoiceSession Create(SessionRecord record, SessionId id, SessionWorker worker, Instant now)
    {
        TryReadAudio(record, out PeerAudioOptions? audio);

        // Whoever serves the session is its owner, even if it was pushed to another one first.
        record = record with { OwnerAppId = AppIds.Transceiver(options.Shard) };
        var peer = new PeerSession(
            new PeerSessionOptions
            {
                IceRole = IceRole.Lite,
                LocalCredentials = new IceCredentials(record.LocalUfrag, IcePassword.Derive(keys.PasswordKeys, record.LocalUfrag)),
                RemoteCredentials = ReadRemote(record.CallId, record.Offer.IceUfrag, record.Offer.SealedIcePwd),
                TieBreaker = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))),
                DtlsRole = record.Offer.SetupActive ? DtlsRole.Server : DtlsRole.Client,
                Certificate = certificate,
                ExpectedFingerprints = ReadFingerprints(record),
                Audio = audio,
                Data = record.Offer.SctpPort is { } port and > 0 and <= ushort.MaxValue
                    ? new PeerDataOptions(
                        (ushort)port, (int)Math.Clamp(record.Offer.MaxMessageSize, 0, int.MaxValue),
                        ChunksPerSecond: SessionBudget.ChunksPerSecond)
                    : null,
                WallClockOffset = WallClockOffset(now),
                FarewellAfterSilence = SessionEnding.AfterSilence,
                IsReliable = static path => LinkBase.Ingress(path.Base) == LinkFrame.TcpIngress,
                Random = RandomNumberGenerator.Fill,
            },
            now);
        return Create(record, id, worker, peer, now, now, resumed: null, etag: null);
    }

    /// <summary>Continues a session of another transceiver, or of an earlier process of this one.</summary>
    /// <param name="record">One that <see cref="TryIdentify"/> has accepted.</param>
    /// <param name="content">A checkpoint, or the exact state of a live hand-over.</param>
    /// <param name="etag">The ETag of the checkpoint, so that its successor can be written without another look. Null if it is not known.
    /// </param>
    /// <param name="from">Where the first packet came from, if one has come.</param>
    public VoiceSession Resume(SessionRecord record, SessionId id, SessionWorker worker, CheckpointContent content, string? etag,
        TransportPath? from, Instant now)
    {
        SessionFacts facts = content.Facts;
        TimeSpan age = time.GetUtcNow() - facts.WrittenAt;
        if (age < TimeSpan.Zero) age = TimeSpan.Zero;
        bool isExact = content.Downlink is not null;
        record = record with
        {
            OwnerAppId = AppIds.Transceiver(options.Shard),
            State = SessionState.Connected,
            ConnectedAt = facts.ConnectedAt,
            LocalUfrag = facts.LocalUfrag,
            Offer = record.Offer with { IceUfrag = facts.RemoteUfrag, SealedIcePwd = facts.SealedIcePwd },
            // The record may be older than the checkpoint, and the other way round.
            EventSequence = Math.Max(record.EventSequence, facts.EventSequence),
        };
        // The voice went on for a while after the checkpoint.
        if (!isExact) content = content with { Facts = facts with { Agent = facts.Agent.AfterPlaying(age) } };
        PeerSessionState state = content.Peer.WithBases(old => BaseHere(old, content, worker, from));
        PeerSession peer = isExact
            ? PeerSession.Import(
                state, certificate, WallClockOffset(now), RandomNumberGenerator.Fill, now, SessionEnding.AfterSilence)
            : PeerSession.Resume(
                state, certificate, WallClockOffset(now), RandomNumberGenerator.Fill, now, SessionEnding.AfterSilence);
        Instant startedAt = now - age - TimeSpan.FromMilliseconds(facts.ElapsedMilliseconds);
        return Create(record, id, worker, peer, now, startedAt, content, etag);
    }

    /// <summary>Connects ahead to the backend of a session that is about to be handed over to us.</summary>
    /// <inheritdoc cref="AgentCatalog.PrepareAsync"/>
    public Task PrepareAgentAsync(SessionRecord record, AgentState state) => agents.PrepareAsync(record, ReadAsked(record), state);

    private VoiceSession Create(SessionRecord record, SessionId id, SessionWorker worker, PeerSession peer, Instant now, Instant startedAt,
        CheckpointContent? resumed, string? etag)
    {
        string agent = record.Agent;
        if (!agents.Knows(agent))
        {
            LogUnknownAgent(_sessionLogger, record.CallId, agent.Length > 64 ? agent[..64] : agent, options.DefaultAgent);
            agent = options.DefaultAgent;
        }
        var limits = new SessionLimits(
            options.FirstCheckLimit, options.HandshakeLimit, TimeSpan.FromSeconds(record.MaximumSeconds), options.AgentReleaseAfter);
        var kept = new SessionCheckpoints(
            checkpoints, new CheckpointHandle(record.CallId, mayExist: resumed is not null, etag), options.KeepsCheckpoints);
        try
        {
            var parts = new SessionParts(record, id, peer, limits, codec, now, startedAt, kept, resumed) { Asked = ReadAsked(record) };
            return new VoiceSession(parts, worker, agents, agent, time, _sessionLogger);
        }
        catch
        {
            peer.Dispose();
            throw;
        }
    }

    // The number of a relay's link differs from transceiver to transceiver. The name of its worker does not.
    private static int? BaseHere(int old, CheckpointContent content, SessionWorker worker, TransportPath? from)
    {
        if (content.Facts.Relays.TryGetValue(LinkBase.Link(old), out string? relay) && worker.FindRelay(relay) is >= 0 and var link)
            return LinkBase.Compose(link, LinkBase.Ingress(old));
        // The link is so new that nothing but the packet itself names it.
        return content.Peer.Path is { } selected && selected.Base == old && from is { } first && first.Remote == selected.Remote
            ? first.Base : null;
    }

    private TimeSpan WallClockOffset(Instant now) => time.GetUtcNow() - NtpOrigin - TimeSpan.FromTicks(now.Ticks);

    /// <summary>The caller's ICE credentials, or null if the record does not contain them.</summary>
    public IceCredentials? ReadRemote(string callId, string ufrag, string? sealedPassword)
        => sealedPassword is null || ufrag.Length is 0 or > 256
            || SealedIcePassword.TryOpen(keys.PasswordKeys, callId, sealedPassword) is not { } password
            ? null : new IceCredentials(ufrag, password);

    /// <summary>
    /// Returns the credentials of our side after an ICE restart: the next generation of the session's hint. Null if the key of the hint has
    /// left the ring.
    /// </summary>
    public IceCredentials? NextLocal(string localUfrag)
    {
        if (!RoutingHint.TryDecode(Encoding.ASCII.GetBytes(localUfrag), keys.HintKeys, out RoutingHint hint, out _)) return null;
        string ufrag = (hint with { KeyId = keys.HintKeys.CurrentId, Generation = (byte)(hint.Generation + 1) }).Encode(keys.HintKeys);
        return new IceCredentials(ufrag, IcePassword.Derive(keys.PasswordKeys, ufrag));
    }

    /// <summary>Returns the Realtime session that the caller asked for, or null if it asked for none.</summary>
    public JsonElement? ReadAsked(SessionRecord record)
    {
        if (record.SealedRealtimeSession is not { } text) return record.RealtimeSession;
        if (SealedSession.TryOpen(keys.PasswordKeys, record.CallId, text) is { } json) return JsonElement.Parse(json);
        LogAskedUnreadable(_sessionLogger, record.CallId);
        return null;
    }

    private static List<CertificateFingerprint> ReadFingerprints(SessionRecord record)
    {
        var fingerprints = new List<CertificateFingerprint>(record.Offer.Fingerprints.Count);
        foreach (string text in record.Offer.Fingerprints)
        {
            if (CertificateFingerprint.TryParse(text, out CertificateFingerprint? fingerprint)) fingerprints.Add(fingerprint!);
        }
        return fingerprints;
    }

    private static bool TryReadAudio(SessionRecord record, out PeerAudioOptions? audio)
    {
        audio = null;
        if (record.Offer.OpusPayloadType is not { } payloadType) return true;
        if (payloadType is < 0 or > 127 || Encoding.UTF8.GetByteCount(record.Answer.Cname) > byte.MaxValue) return false;
        audio = new PeerAudioOptions(
            record.Answer.AudioSsrc, record.Answer.Cname, (byte)payloadType, (ushort)RandomNumberGenerator.GetInt32(FirstSequenceNumbers),
            (uint)RandomNumberGenerator.GetInt32(int.MaxValue));
        return true;
    }

    [LoggerMessage(LogLevel.Warning, "{CallId}: there is no agent '{Agent}' here, so {DefaultAgent} takes the call")]
    private static partial void LogUnknownAgent(ILogger logger, string callId, string agent, string defaultAgent);

    [LoggerMessage(LogLevel.Error, "{CallId}: what the caller asked for cannot be read, because its key is not in the ring. The agent "
        + "begins with its defaults")]
    private static partial void LogAskedUnreadable(ILogger logger, string callId);
}

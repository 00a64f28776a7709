using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sdp;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Signaling.Keys;
using Dapr.Voice.Signaling.Placement;
using Dapr.Voice.Steering;

namespace Dapr.Voice.Signaling.Sessions;

/// <summary>
/// Makes a session: it reads the offer, picks a slot, computes the whole answer and writes the record. The owner is told afterwards
/// (docs/design.md 3), so that the client waits for one write and for nothing else.
/// </summary>
internal sealed class SessionFactory(
    SignalingOptions options, FleetOptions fleet, KeyLoader keys, AgentChoice agents, FleetDirectory directory, IStateStore store,
    OwnerPush push,
    LifecyclePublisher events, SignalingMetrics metrics, TimeProvider time, ILogger<SessionFactory> logger)
{
    /// <summary>Table Storage holds at most 32,000 characters (docs/design.md 4.4).</summary>
    private const int MaximumRecordCharacters = 30_000;

    /// <summary>If two ids of 64 random bits are equal, a second try is enough.</summary>
    private const int MaximumTries = 2;

    /// <summary>
    /// The hint is valid for longer than the session, because a relay that loses its flows near the end learns them from the hint.
    /// </summary>
    private static readonly TimeSpan HintMargin = TimeSpan.FromMinutes(2);

    /// <summary>The store deletes the record after this time. Nothing depends on it, and some stores ignore it.</summary>
    private static readonly TimeSpan RecordTimeToLive = TimeSpan.FromDays(2);

    // RFC 8834, section 4.2 and docs/protocols/realtime.md 3, rule 15: if the stream id is '-', OpenAI clients play nothing.
    private const string MsidStream = "voice", MsidTrack = "agent";

    private readonly IReadOnlyList<string> _candidates =
        [.. options.ParsedIngresses.Select((ingress, index) => ingress.ToCandidate(index))];

    public async Task<(CreatedSession? Session, ApiError? Error)> CreateAsync(SessionRequest request, CancellationToken cancellation)
    {
        long started = time.GetTimestamp();
        using Activity? span = SignalingTrace.Source.StartActivity("voice.signaling.offer_answer");
        (CreatedSession? session, ApiError? error) = await TryCreateAsync(request, cancellation);
        string outcome = error?.Code ?? "created";
        metrics.Sessions.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
        span?.SetTag("voice.outcome", outcome);
        if (session is { Record: var record })
            span?.SetTag("voice.call_id", record.CallId).SetTag("voice.agent", record.Agent).SetTag("voice.slot", record.Slot);
        if (error is not null) SignalingLog.SessionRefused(logger, error.Code);
        else metrics.AnswerDuration.Record(time.GetElapsedTime(started).TotalSeconds);
        return (session, error);
    }

    private async Task<(CreatedSession?, ApiError?)> TryCreateAsync(SessionRequest request, CancellationToken cancellation)
    {
        if (keys.Current is not { } current) return (null, ApiError.Unavailable("The service is starting."));
        if (request.MaximumSeconds is < 1)
            return (null, ApiError.Invalid(
                "invalid_max_session_seconds", "'max_session_seconds' should be 1 or more.", "max_session_seconds"));
        (string agent, ApiError? agentError) = agents.Choose(request.Agent, request.Session, request.Model, request.RequiredAgent);
        if (agentError is not null) return (null, agentError);

        if (!SessionDescription.TryParse(request.OfferSdp, out SessionDescription? offer, out SdpError sdpError)
            || !OfferAnswer.TryReadOffer(offer, out OfferSummary? summary, out sdpError))
            return (null, OfferError(sdpError));

        SlotPlacement placement = directory.Place();
        if (placement.Outcome == PlacementOutcome.NoRoom) return (null, ApiError.OverCapacity());
        if (placement.Outcome != PlacementOutcome.Placed) return (null, ApiError.Unavailable("No media server is known to be up."));

        int seconds = Math.Min(request.MaximumSeconds ?? options.MaximumSessionSeconds, options.MaximumSessionSeconds);
        for (int tries = 1; ; tries++)
        {
            CreatedSession session = Compose(request, summary, agent, placement, seconds, current.Fleet);
            if (JsonSerializer.Serialize(session.Record, ContractsJson.Default.SessionRecord).Length > MaximumRecordCharacters)
                return (null, ApiError.Invalid(
                    "session_too_large", "Offer and session together are larger than a session's record may be.", "session"));

            StateWriteResult write = await store.TryCreateAsync(
                ComponentNames.Sessions, StateKeys.Session(session.Record.CallId), session.Record, ContractsJson.Default.SessionRecord,
                RecordTimeToLive, cancellation);
            switch (write.Outcome)
            {
                case StateWriteOutcome.Written:
                    push.Push(session.Record);
                    events.Publish(LifecycleEventTypes.SessionCreated, session.Record);
                    SignalingLog.SessionCreated(logger, session.Record.CallId, request.ClientKind, agent, placement.Slot,
                        placement.OwnerAppId);
                    return (session, null);
                case StateWriteOutcome.Conflict when tries < MaximumTries:
                    continue;
                case StateWriteOutcome.Refused:
                    SignalingLog.RecordRefused(logger, write.ErrorCode);
                    return (null, ApiError.Unavailable("Sessions can't be recorded."));
                default:
                    return (null, ApiError.Unavailable("Sessions can't be recorded."));
            }
        }
    }

    private CreatedSession Compose(
        SessionRequest request, OfferSummary offer, string agent, SlotPlacement placement, int seconds, FleetKeys fleetKeys)
    {
        DateTimeOffset now = time.GetUtcNow();
        var id = new SessionId(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))));
        uint expiryMinutes = RoutingHint.ToMinutes(now + TimeSpan.FromSeconds(seconds) + HintMargin);
        string ufrag = new RoutingHint(fleetKeys.HintKeys.CurrentId, (byte)fleet.RegionNumber, (ushort)placement.Slot, id, Generation: 0,
            expiryMinutes).Encode(fleetKeys.HintKeys);
        var answer = new AnswerFacts((uint)RandomNumberGenerator.GetInt32(1, int.MaxValue), id.ToString(), $"{MsidStream} {MsidTrack}");

        string callId = CallId.Format(fleet.Region, id.ToString());
        var record = new SessionRecord
        {
            CallId = callId,
            Region = fleet.Region,
            Slot = placement.Slot,
            OwnerAppId = placement.OwnerAppId,
            Agent = agent,
            LocalUfrag = ufrag,
            Offer = FactsOf(offer, callId, fleetKeys),
            Answer = answer,
            RealtimeSession = request.Session,
            MaximumSeconds = seconds,
            ClientKind = request.ClientKind,
            EphemeralKeyId = request.EphemeralKeyId,
            Traceparent = TraceParent.Current,
            CreatedAt = now,
            EventSequence = 1,
        };
        SessionDescription description = OfferAnswer.CreateAnswer(offer, new AnswerParameters
        {
            IceUfrag = ufrag,
            IcePassword = IcePassword.Derive(fleetKeys.PasswordKeys, ufrag),
            Fingerprint = fleetKeys.CertificateFingerprint,
            Candidates = _candidates,
            AudioSsrc = answer.AudioSsrc,
            Cname = answer.Cname,
            MsidStream = MsidStream,
            MsidTrack = MsidTrack,
            // RFC 9429, section 5.2.1: 64 bits, of which the highest is zero.
            SessionId = id.Value >> 1,
        });
        return new(record, description.ToString(), now + TimeSpan.FromSeconds(seconds));
    }

    private static OfferFacts FactsOf(OfferSummary offer, string callId, FleetKeys fleetKeys) => new(
        offer.IceUfrag, offer.Fingerprints, offer.SetupActive, offer.AudioMid, offer.OpusPayloadType, offer.TelephoneEventPayloadType,
        offer.AudioSsrc, offer.AudioReceives, offer.AudioSends, offer.SctpPort, offer.MaxMessageSize,
        SealedIcePassword.Seal(fleetKeys.PasswordKeys, callId, offer.IcePassword));

    /// <summary>The caller gets the parser's reason. It names lines and attributes and never their values.</summary>
    private static ApiError OfferError(SdpError error) => error switch
    {
        { IsTooLarge: true } => ApiError.TooLarge(SessionRequest.MaximumOfferBytes),
        { IsUnsupportedMedia: true } => new ApiError(422, "unsupported_media", $"The offer can't be served: {error}", "sdp"),
        _ => ApiError.Invalid("invalid_sdp", $"The offer can't be used: {error}", "sdp"),
    };
}

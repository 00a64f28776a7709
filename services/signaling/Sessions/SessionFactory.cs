using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
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
    SignalingOptions options, FleetOptions fleet, KeyLoader keys, AgentChoice agents, AnswerWriter answers, FleetDirectory directory,
    ReservedIds ids, IStateStore store, OwnerPush push, LifecyclePublisher events, SignalingMetrics metrics, TimeProvider time,
    ILogger<SessionFactory> logger)
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
        (string agent, ApiError? agentError) = agents.Choose(request.Agent, request.Session, request.Model, request.RequiredAgent);
        if (agentError is not null) return (null, agentError);

        if (AnswerWriter.TryRead(request.OfferSdp, request.OfferField, out OfferSummary? offer) is { } offerError)
            return (null, offerError);

        SlotPlacement placement = directory.Place();
        if (placement.Outcome == PlacementOutcome.NoRoom) return (null, ApiError.OverCapacity());
        if (placement.Outcome != PlacementOutcome.Placed) return (null, ApiError.Unavailable("No media server is known to be up."));

        int seconds = Math.Min(request.MaximumSeconds ?? options.MaximumSessionSeconds, options.MaximumSessionSeconds);
        for (int tries = 1; ; tries++)
        {
            if (await ids.TakeAsync(cancellation) is not { } id) return (null, ApiError.Unavailable("Sessions can't be recorded."));
            CreatedSession session = Compose(id, request, offer!, agent, placement, seconds, current.Fleet);
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
        SessionId id, SessionRequest request, OfferSummary offer, string agent, SlotPlacement placement, int seconds, FleetKeys fleetKeys)
    {
        DateTimeOffset now = time.GetUtcNow();
        uint expiryMinutes = RoutingHint.ToMinutes(now + TimeSpan.FromSeconds(seconds) + HintMargin);
        string ufrag = new RoutingHint(fleetKeys.HintKeys.CurrentId, (byte)fleet.RegionNumber, (ushort)placement.Slot, id, Generation: 0,
            expiryMinutes).Encode(fleetKeys.HintKeys);
        AnswerFacts answer = answers.FactsOf(id, (uint)RandomNumberGenerator.GetInt32(1, int.MaxValue),
            placement.CertificateFingerprint);

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
            SealedRealtimeSession = request.Session is not { } asked ? null : SealedSession.Seal(
                fleetKeys.PasswordKeys, callId, Encoding.UTF8.GetBytes(asked.GetRawText()),
                RandomNumberGenerator.GetBytes(AuthenticatedSeal.NonceBytes)),
            MaximumSeconds = seconds,
            ClientKind = request.ClientKind,
            EphemeralKeyId = request.EphemeralKeyId,
            Traceparent = TraceParent.Current,
            CreatedAt = now,
            EventSequence = 1,
        };
        return new(
            record, answers.Write(offer, ufrag, answer, id, fleetKeys, version: 1), now + TimeSpan.FromSeconds(seconds));
    }

    private static OfferFacts FactsOf(OfferSummary offer, string callId, FleetKeys fleetKeys) => new(
        offer.IceUfrag, offer.Fingerprints, offer.SetupActive, offer.AudioMid, offer.OpusPayloadType, offer.TelephoneEventPayloadType,
        offer.AudioSsrc, offer.AudioReceives, offer.AudioSends, offer.SctpPort, offer.MaxMessageSize,
        SealedIcePassword.Seal(
            fleetKeys.PasswordKeys, callId, offer.IcePassword, RandomNumberGenerator.GetBytes(AuthenticatedSeal.NonceBytes)));
}

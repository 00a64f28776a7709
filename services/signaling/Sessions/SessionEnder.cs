using System.Net;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Signaling.Placement;

namespace Dapr.Voice.Signaling.Sessions;

internal enum EndOutcome
{
    /// <summary>The owner ended the session, or no owner had it and its record now says that it has ended.</summary>
    Ended,
    AlreadyEnded,
    NotFound,
    /// <summary>The session was made with another ephemeral key.</summary>
    NotYours,
    /// <summary>The store, the sidecar or the owner did not answer, so the result is unknown. It is safe to ask again.</summary>
    Unknown,
}

/// <summary>Ends sessions for HTTP callers. The owner ends a session. Only a session that no owner knows is ended here.</summary>
internal sealed class SessionEnder(
    IStateStore store, IServiceInvoker invoker, FleetDirectory directory, LifecyclePublisher events, SignalingMetrics metrics,
    TimeProvider time, ILogger<SessionEnder> logger)
{
    /// <summary>
    /// The number of rounds of read and compare-and-set. A lost round means that somebody else wrote, so a few are enough.
    /// </summary>
    private const int MaximumRounds = 5;

    /// <param name="onlyIfMadeWith">The id of the ephemeral key that the session must have been made with. Null: the caller may end any
    /// session.</param>
    public async Task<EndOutcome> EndAsync(string callId, SessionEndReason reason, string? onlyIfMadeWith, CancellationToken cancellation)
    {
        EndOutcome outcome = await EndOnceAsync(callId, reason, onlyIfMadeWith, cancellation);
        metrics.Ends.Add(1, MetricTag.Of("outcome", outcome));
        return outcome;
    }

    private async Task<EndOutcome> EndOnceAsync(
        string callId, SessionEndReason reason, string? onlyIfMadeWith, CancellationToken cancellation)
    {
        if (!CallId.TryParse(callId, out _, out _)) return EndOutcome.NotFound;
        StateReadResult<SessionRecord> read = await store.ReadAsync(
            ComponentNames.Sessions, StateKeys.Session(callId), ContractsJson.Default.SessionRecord, cancellation);
        if (read.Outcome == StateReadOutcome.Missing) return EndOutcome.NotFound;
        if (read.Entry?.Value is not { } record) return EndOutcome.Unknown;
        TraceParent.Link(record.Traceparent);
        if (onlyIfMadeWith is not null && record.EphemeralKeyId != onlyIfMadeWith) return EndOutcome.NotYours;
        if (record.State == SessionState.Ended) return EndOutcome.AlreadyEnded;

        foreach (string owner in LikelyOwners(record))
        {
            InvocationResult answer = await invoker.InvokeAsync(
                owner, HttpMethod.Delete, $"internal/v1/sessions/{callId}?reason={Word(reason)}", cancellation);
            if (answer.IsSuccess)
            {
                SignalingLog.EndedByOwner(logger, callId, owner, reason);
                return EndOutcome.Ended;
            }
            if (!IsWithout(owner, answer))
            {
                SignalingLog.EndUnconfirmed(logger, callId, owner, answer.Outcome, answer.ErrorCode);
                return EndOutcome.Unknown;
            }
        }
        return await EndRecordAsync(callId, reason, cancellation);
    }

    /// <summary>
    /// Ends a session that no owner has and whose client never came. The reason is <see cref="SessionEndReason.SetupTimeout"/>.
    /// </summary>
    /// <returns>False if the store or the owner did not answer. Ask again later.</returns>
    public async Task<bool> EndUnclaimedAsync(string callId, CancellationToken cancellation)
    {
        StateReadResult<SessionRecord> read = await store.ReadAsync(
            ComponentNames.Sessions, StateKeys.Session(callId), ContractsJson.Default.SessionRecord, cancellation);
        if (read.Outcome == StateReadOutcome.Missing) return true;
        if (read.Entry?.Value is not { } record) return false;
        if (record.State != SessionState.Created) return true;
        foreach (string owner in LikelyOwners(record))
        {
            InvocationResult answer = await invoker.InvokeAsync(owner, HttpMethod.Get, $"internal/v1/sessions/{callId}", cancellation);
            // The client came after all. From now on the owner's own limits end the session.
            if (answer.IsSuccess) return true;
            if (!IsWithout(owner, answer)) return false;
        }
        return await EndAsync(callId, SessionEndReason.SetupTimeout, onlyIfMadeWith: null, cancellation) != EndOutcome.Unknown;
    }

    /// <summary>The word of a reason in URLs. Records use the same word.</summary>
    internal static string Word(SessionEndReason reason) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString());

    /// <summary>The present owner of the slot, then the owner that was told of the session, if it is alive. Empty if neither is.</summary>
    private IEnumerable<string> LikelyOwners(SessionRecord record)
    {
        string? current = directory.Current?.OwnerOf(record.Slot);
        if (current is not null) yield return current;
        if (record.OwnerAppId != current && (directory.Current is null || IsLive(record.OwnerAppId))) yield return record.OwnerAppId;
    }

    /// <summary>The answer means that the owner does not have the session, or that the owner no longer exists.</summary>
    private bool IsWithout(string owner, InvocationResult answer) => answer switch
    {
        { Outcome: InvocationOutcome.Refused, Status: HttpStatusCode.NotFound or HttpStatusCode.Gone or HttpStatusCode.Conflict } => true,
        { Outcome: InvocationOutcome.Unreachable } => true,
        // The sidecar tries an app that is gone for about as long as we wait for it. So a missed deadline may mean either, and the lease
        // decides.
        { Outcome: InvocationOutcome.TimedOut } => !IsLive(owner),
        _ => false,
    };

    private bool IsLive(string appId)
        => directory.Current?.Owners.Any(owner => owner.Record.AppId == appId && owner.Record.LeaseUntil > time.GetUtcNow()) ?? false;

    /// <summary>
    /// Writes the end into the record. The writer that wins publishes the event, so it is published once, by us or by an owner.
    /// </summary>
    private async Task<EndOutcome> EndRecordAsync(string callId, SessionEndReason reason, CancellationToken cancellation)
    {
        DateTimeOffset now = time.GetUtcNow();
        for (int round = 0; round < MaximumRounds; round++)
        {
            StateReadResult<SessionRecord> read = await store.ReadAsync(
                ComponentNames.Sessions, StateKeys.Session(callId), ContractsJson.Default.SessionRecord, cancellation);
            if (read.Outcome == StateReadOutcome.Missing) return EndOutcome.AlreadyEnded;
            if (read.Entry is not { Value: { } record } entry) return EndOutcome.Unknown;
            if (record.State == SessionState.Ended)
            {
                // A write whose answer was lost in the round before was still ours, and so is its event.
                if (round == 0 || record.EndedAt != now) return EndOutcome.AlreadyEnded;
                return Announce(record);
            }

            SessionRecord ended = record with { State = SessionState.Ended, EndReason = reason, EndedAt = now,
                EventSequence = record.EventSequence + 1 };
            StateWriteResult write = await store.TrySaveAsync(
                ComponentNames.Sessions, entry.Key, ended, entry.ETag, ContractsJson.Default.SessionRecord, timeToLive: null, cancellation);
            if (write.IsWritten) return Announce(ended);
            if (write.Outcome == StateWriteOutcome.Refused) return EndOutcome.Unknown;
        }
        return EndOutcome.Unknown;
    }

    private EndOutcome Announce(SessionRecord ended)
    {
        events.Publish(LifecycleEventTypes.SessionEnded, ended);
        SignalingLog.EndedHere(logger, ended.CallId, ended.EndReason);
        return EndOutcome.Ended;
    }
}

using System.Net;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Signaling.Placement;

namespace Dapr.Voice.Signaling.Sessions;

internal enum EndOutcome
{
    /// <summary>The owner ended it, or nobody had it and its record says so now.</summary>
    Ended,
    AlreadyEnded,
    NotFound,
    /// <summary>Made with another ephemeral key.</summary>
    NotYours,
    /// <summary>Store, sidecar or owner did not answer; nobody knows. Asking again is safe.</summary>
    Unknown,
}

/// <summary>Ends sessions for those who ask over HTTP. The owner does it; only what no owner knows is ended here.</summary>
internal sealed class SessionEnder(
    IStateStore store, IServiceInvoker invoker, FleetDirectory directory, LifecyclePublisher events, SignalingMetrics metrics,
    TimeProvider time, ILogger<SessionEnder> logger)
{
    /// <summary>Rounds of read and compare-and-set; each lost one means that somebody else wrote, so a session ends after a few.</summary>
    private const int MaximumRounds = 5;

    /// <param name="onlyIfMadeWith">Id of the ephemeral key that has to have made it, or null for those who may end any.</param>
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

    /// <summary>Ends a session that no owner has and whose client never came, with <see cref="SessionEndReason.SetupTimeout"/>.</summary>
    /// <returns>False if store or owner did not answer: ask again.</returns>
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
            // Its client came after all: from here on the owner's own limits end it.
            if (answer.IsSuccess) return true;
            if (!IsWithout(owner, answer)) return false;
        }
        return await EndAsync(callId, SessionEndReason.SetupTimeout, onlyIfMadeWith: null, cancellation) != EndOutcome.Unknown;
    }

    /// <summary>The word of a reason in URLs; the same as in records.</summary>
    internal static string Word(SessionEndReason reason) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString());

    /// <summary>The owner of the slot now, then the one that was told of the session, if it lives. Empty if none does.</summary>
    private IEnumerable<string> LikelyOwners(SessionRecord record)
    {
        string? current = directory.Current?.OwnerOf(record.Slot);
        if (current is not null) yield return current;
        if (record.OwnerAppId != current && (directory.Current is null || IsLive(record.OwnerAppId))) yield return record.OwnerAppId;
    }

    /// <summary>The owner's answer means that it does not have the session, or that the owner is no more.</summary>
    private bool IsWithout(string owner, InvocationResult answer) => answer switch
    {
        { Outcome: InvocationOutcome.Refused, Status: HttpStatusCode.NotFound or HttpStatusCode.Gone or HttpStatusCode.Conflict } => true,
        { Outcome: InvocationOutcome.Unreachable } => true,
        // The sidecar tries an app that is gone for about as long as we wait for it, so a missed deadline may mean either; the lease
        // decides.
        { Outcome: InvocationOutcome.TimedOut } => !IsLive(owner),
        _ => false,
    };

    private bool IsLive(string appId)
        => directory.Current?.Owners.Any(owner => owner.Record.AppId == appId && owner.Record.LeaseUntil > time.GetUtcNow()) ?? false;

    /// <summary>Writes the end. Whoever wins this write publishes the event, so it is published once, by us or by an owner.</summary>
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
                // A write whose answer was lost in the round before is ours all the same, and so is its event.
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

using System.Net;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;

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
    IStateStore store, IServiceInvoker invoker, SessionOwners owners, LifecyclePublisher events, SignalingMetrics metrics,
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

        foreach (string owner in owners.LikelyOwners(record))
        {
            InvocationResult answer = await invoker.InvokeAsync(owner, HttpMethod.Delete,
                $"internal/v1/sessions/{callId}?reason={Word(reason)}", HttpStatusCode.Accepted, cancellation);
            if (answer.IsSuccess)
            {
                SignalingLog.EndedByOwner(logger, callId, owner, reason);
                return EndOutcome.Ended;
            }
            if (!owners.IsWithout(owner, answer))
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
        (bool isKnown, SessionRecord? found) = await owners.FindAsync(record, timeout: null, cancellation);
        if (!isKnown) return false;
        // The client came after all. From now on the owner's own limits end the session.
        if (found is not null) return true;
        return await EndAsync(callId, SessionEndReason.SetupTimeout, onlyIfMadeWith: null, cancellation) != EndOutcome.Unknown;
    }

    /// <summary>The word of a reason in URLs. Records use the same word.</summary>
    internal static string Word(SessionEndReason reason) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString());

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

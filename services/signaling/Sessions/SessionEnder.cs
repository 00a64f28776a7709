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

/// <param name="Error">Why nothing is known of the session, in the words for the caller. Null if the outcome says it.</param>
internal readonly record struct SessionEnd(EndOutcome Outcome, ApiError? Error = null);

/// <summary>Ends sessions for HTTP callers. The owner ends a session. Only a session that no owner knows is ended here.</summary>
internal sealed class SessionEnder(
    IStateStore store, IServiceInvoker invoker, SessionLookup sessions, SessionOwners owners, RecordEnder records, SignalingMetrics metrics,
    ILogger<SessionEnder> logger)
{
    /// <param name="onlyIfMadeWith">The id of the ephemeral key that the session must have been made with. Null: the caller may end any
    /// session.</param>
    /// <param name="mayAsk">See <see cref="SessionLookup.FindAsync"/>.</param>
    public async Task<SessionEnd> EndAsync(
        string callId, SessionEndReason reason, string? onlyIfMadeWith, Func<ApiError?> mayAsk, CancellationToken cancellation)
    {
        SessionEnd end = await EndOnceAsync(callId, reason, onlyIfMadeWith, mayAsk, cancellation);
        metrics.Ends.Add(1, MetricTag.Of("outcome", end.Outcome));
        return end;
    }

    private async Task<SessionEnd> EndOnceAsync(
        string callId, SessionEndReason reason, string? onlyIfMadeWith, Func<ApiError?> mayAsk, CancellationToken cancellation)
    {
        FoundSession found = await sessions.FindAsync(callId, mayAsk, cancellation);
        if (found.Record is not { } record)
            return new(found.Error is { Status: StatusCodes.Status404NotFound } ? EndOutcome.NotFound : EndOutcome.Unknown, found.Error);
        TraceParent.Link(record.Traceparent);
        if (onlyIfMadeWith is not null && record.EphemeralKeyId != onlyIfMadeWith) return new(EndOutcome.NotYours);
        if (record.State == SessionState.Ended) return new(EndOutcome.AlreadyEnded);

        foreach (string owner in owners.LikelyOwners(record, found.Owner))
        {
            InvocationResult answer = await invoker.InvokeAsync(owner, HttpMethod.Delete,
                $"internal/v1/sessions/{callId}?reason={Word(reason)}", HttpStatusCode.Accepted, cancellation);
            if (answer.IsSuccess)
            {
                SignalingLog.EndedByOwner(logger, callId, owner, reason);
                return new(EndOutcome.Ended);
            }
            if (!owners.IsWithout(owner, answer))
            {
                SignalingLog.EndUnconfirmed(logger, callId, owner, answer.Outcome, answer.ErrorCode);
                return new(EndOutcome.Unknown);
            }
        }
        return new(await records.EndAsync(callId, reason, cancellation));
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
        SessionEnd end = await EndAsync(callId, SessionEndReason.SetupTimeout, onlyIfMadeWith: null, static () => null, cancellation);
        return end.Outcome != EndOutcome.Unknown;
    }

    /// <summary>The word of a reason in URLs. Records use the same word.</summary>
    internal static string Word(SessionEndReason reason) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString());
}

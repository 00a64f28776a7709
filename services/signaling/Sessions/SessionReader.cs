using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;

namespace Dapr.Voice.Signaling.Sessions;

/// <summary>Finds sessions and turns the result into an answer of the API.</summary>
internal sealed class SessionReader(IStateStore store, SessionOwners owners, TimeProvider time)
{
    /// <summary>How long an owner has to answer. After that, the record is good enough: a reader would rather have old counters than
    /// none.</summary>
    internal static readonly TimeSpan OwnerTimeout = TimeSpan.FromMilliseconds(500);

    /// <summary>Reads a session as it is now. If its owner does not answer, the status is that of the record and says so.</summary>
    /// <param name="onlyIfMadeWith">The id of the ephemeral key that the session must have been made with. Null: any session.</param>
    public async Task<(SessionStatus? Status, ApiError? Error)> ReadAsync(
        string callId, string? onlyIfMadeWith, CancellationToken cancellation)
    {
        if (!CallId.TryParse(callId, out _, out _)) return (null, NotFound());
        StateReadResult<SessionRecord> read = await store.ReadAsync(
            ComponentNames.Sessions, StateKeys.Session(callId), ContractsJson.Default.SessionRecord, cancellation);
        if (read.Outcome == StateReadOutcome.Missing) return (null, NotFound());
        if (read.Entry?.Value is not { } record) return (null, ApiError.Unavailable("Sessions can't be looked up."));
        if (onlyIfMadeWith is not null && record.EphemeralKeyId != onlyIfMadeWith) return (null, NotYours());
        SessionStatus status = await StatusOfAsync(record, cancellation);
        return (onlyIfMadeWith is null ? status : status.ForCaller(), null);
    }

    private async Task<SessionStatus> StatusOfAsync(SessionRecord record, CancellationToken cancellation)
    {
        if (record.State != SessionState.Ended
            && (await owners.FindAsync(record, OwnerTimeout, cancellation)).Record is { } living)
            return SessionStatus.Of(living, StatusSource.Owner, time.GetUtcNow());
        // The owner writes the record when the session connects and when it ends.
        return SessionStatus.Of(record, StatusSource.Record, record.ConnectedAt ?? record.CreatedAt);
    }

    /// <summary>Returns null if the session has ended, now or before.</summary>
    public static ApiError? ErrorOf(EndOutcome outcome) => outcome switch
    {
        EndOutcome.Ended or EndOutcome.AlreadyEnded => null,
        EndOutcome.NotFound => NotFound(),
        EndOutcome.NotYours => NotYours(),
        _ => ApiError.Unavailable("The call's owner did not confirm."),
    };

    public static ApiError NotYours() => ApiError.Forbidden(
        "call_not_yours", "This ephemeral key did not make the call. Use the one that did, or an API key.");

    public static ApiError NotFound() => ApiError.NotFound("call_not_found", "There is no such call.", "call_id");
}

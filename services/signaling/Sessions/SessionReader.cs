using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;

namespace Dapr.Voice.Signaling.Sessions;

/// <summary>Finds sessions and turns the result into an answer of the API.</summary>
internal sealed class SessionReader(SessionLookup sessions, SessionOwners owners, TimeProvider time)
{
    /// <summary>How long an owner has to answer. After that, the record is good enough: a reader would rather have old counters than
    /// none.</summary>
    internal static readonly TimeSpan OwnerTimeout = TimeSpan.FromMilliseconds(500);

    /// <summary>Reads a session as it is now. If its owner does not answer, the status is that of the record and says so.</summary>
    /// <param name="onlyIfMadeWith">The id of the ephemeral key that the session must have been made with. Null: any session.</param>
    /// <param name="mayAsk">See <see cref="SessionLookup.FindAsync"/>.</param>
    public async Task<(SessionStatus? Status, ApiError? Error)> ReadAsync(
        string callId, string? onlyIfMadeWith, Func<ApiError?> mayAsk, CancellationToken cancellation)
    {
        FoundSession found = await sessions.FindAsync(callId, mayAsk, cancellation);
        if (found.Record is not { } record) return (null, found.Error);
        if (onlyIfMadeWith is not null && record.EphemeralKeyId != onlyIfMadeWith) return (null, NotYours());
        SessionStatus status = found.Owner is not null ? SessionStatus.Of(record, StatusSource.Owner, time.GetUtcNow())
            : await StatusOfAsync(record, cancellation);
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
    public static ApiError? ErrorOf(SessionEnd end) => end.Outcome switch
    {
        EndOutcome.Ended or EndOutcome.AlreadyEnded => null,
        EndOutcome.NotYours => NotYours(),
        EndOutcome.NotFound => end.Error ?? NotFound(),
        _ => end.Error ?? ApiError.Unavailable("The call's owner did not confirm."),
    };

    public static ApiError NotYours() => ApiError.Forbidden(
        "call_not_yours", "This ephemeral key did not make the call. Use the one that did, or an API key.");

    public static ApiError NotFound() => ApiError.NotFound("call_not_found", "There is no such call.", "call_id");
}

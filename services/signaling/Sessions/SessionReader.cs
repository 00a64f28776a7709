using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;

namespace Dapr.Voice.Signaling.Sessions;

/// <summary>Finds sessions and turns the result into an answer of the API.</summary>
internal sealed class SessionReader(IStateStore store)
{
    /// <param name="onlyIfMadeWith">The id of the ephemeral key that the session must have been made with. Null: any session.</param>
    public async Task<(SessionStatus? Status, ApiError? Error)> ReadAsync(
        string callId, string? onlyIfMadeWith, CancellationToken cancellation)
    {
        if (!CallId.TryParse(callId, out _, out _)) return (null, NotFound());
        StateReadResult<SessionRecord> read = await store.ReadAsync(
            ComponentNames.Sessions, StateKeys.Session(callId), ContractsJson.Default.SessionRecord, cancellation);
        return read switch
        {
            { Outcome: StateReadOutcome.Missing } => (null, NotFound()),
            { Entry.Value: { } other } when onlyIfMadeWith is not null && other.EphemeralKeyId != onlyIfMadeWith => (null, NotYours()),
            { Entry.Value: { } record } when onlyIfMadeWith is not null => (SessionStatus.Of(record).ForCaller(), null),
            { Entry.Value: { } record } => (SessionStatus.Of(record), null),
            _ => (null, ApiError.Unavailable("Sessions can't be looked up.")),
        };
    }

    /// <summary>Returns null if the session has ended, now or before.</summary>
    public static ApiError? ErrorOf(EndOutcome outcome) => outcome switch
    {
        EndOutcome.Ended or EndOutcome.AlreadyEnded => null,
        EndOutcome.NotFound => NotFound(),
        EndOutcome.NotYours => NotYours(),
        _ => ApiError.Unavailable("The call's owner did not confirm."),
    };

    private static ApiError NotYours() => ApiError.Forbidden(
        "call_not_yours", "This ephemeral key did not make the call. Use the one that did, or an API key.");

    private static ApiError NotFound() => ApiError.NotFound("call_not_found", "There is no such call.", "call_id");
}

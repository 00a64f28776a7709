using System.Net;
using Dapr.Voice.Contracts;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Signaling.Placement;

namespace Dapr.Voice.Signaling.Sessions;

/// <summary>Which transceivers may have a session, and what their answers mean.</summary>
internal sealed class SessionOwners(IServiceInvoker invoker, FleetDirectory directory)
{
    /// <summary>Returns the present owner of the slot, then the owner that was told of the session, if it is alive. Empty if neither
    /// is.</summary>
    /// <param name="certain">The transceiver that has said that it has the session, and comes alone. Null if none has.</param>
    public IEnumerable<string> LikelyOwners(SessionRecord record, string? certain = null)
    {
        if (certain is not null)
        {
            yield return certain;
            yield break;
        }
        string? current = directory.Current?.OwnerOf(record.Slot);
        if (current is not null) yield return current;
        if (record.OwnerAppId != current && (directory.Current is null || directory.IsLive(record.OwnerAppId)))
            yield return record.OwnerAppId;
    }

    /// <summary>The answer means that the owner does not have the session, or that the owner no longer exists.</summary>
    public bool IsWithout(string owner, InvocationResult answer) => answer switch
    {
        { Outcome: InvocationOutcome.Refused, Status: HttpStatusCode.NotFound or HttpStatusCode.Gone or HttpStatusCode.Conflict } => true,
        { Outcome: InvocationOutcome.Unreachable } => true,
        // The sidecar tries an app that is gone for about as long as we wait for it. So a missed deadline may mean either, and the lease
        // decides.
        { Outcome: InvocationOutcome.TimedOut } => !directory.IsLive(owner),
        _ => false,
    };

    /// <summary>Asks the likely owners for the session as it is now.</summary>
    /// <param name="timeout">The deadline for each owner. Null: the sidecar's own.</param>
    /// <returns>The owner's record. Null and true: no owner has the session. Null and false: an owner did not say.</returns>
    public async Task<(bool IsKnown, SessionRecord? Record)> FindAsync(
        SessionRecord record, TimeSpan? timeout, CancellationToken cancellation)
    {
        foreach (string owner in LikelyOwners(record))
        {
            InvocationResult<SessionRecord> answer = await invoker.GetAsync(owner, $"internal/v1/sessions/{record.CallId}",
                ContractsJson.Default.SessionRecord, timeout, cancellation);
            if (answer.Result.IsSuccess && answer.Value!.CallId == record.CallId) return (true, answer.Value);
            if (answer.Result.IsSuccess || !IsWithout(owner, answer.Result)) return (false, null);
        }
        return (true, null);
    }
}

using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Signaling.Placement;
using Dapr.Voice.Steering;

namespace Dapr.Voice.Signaling.Sessions;

/// <param name="Record">Null if there is no such session, or if that is not known.</param>
/// <param name="Owner">The transceiver that told the record because the store has none. Null if it came from the store.</param>
/// <param name="Error">Why there is no record.</param>
internal readonly record struct FoundSession(SessionRecord? Record, string? Owner, ApiError? Error);

/// <summary>
/// Finds the record of a session. A store that came back empty has no records of calls that live on, so a missing record proves nothing:
/// before a caller hears that there is no such call, every transceiver is asked, side by side. Any thread.
/// </summary>
internal sealed class SessionLookup(
    IStateStore store, IServiceInvoker invoker, KnownTransceivers transceivers, SessionOwners owners, FleetOptions fleet)
{
    /// <summary>How long the transceivers have to answer.</summary>
    internal static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(1);

    /// <summary>How many look-ups may ask at one time. Each of them asks each transceiver once.</summary>
    internal const int MaximumAsking = 16;

    private int _asking;

    /// <param name="mayAsk">Counts a question against the limits of the caller. Returns the refusal of one who is over them, or null. It is
    /// called only for an id that could be a call of this region and has no record.</param>
    public async Task<FoundSession> FindAsync(string callId, Func<ApiError?> mayAsk, CancellationToken cancellation)
    {
        if (!CallId.TryParse(callId, out string region, out string idText)) return new(null, null, SessionReader.NotFound());
        StateReadResult<SessionRecord> read = await store.ReadAsync(
            ComponentNames.Sessions, StateKeys.Session(callId), ContractsJson.Default.SessionRecord, cancellation);
        if (read.Entry?.Value is { } record) return new(record, null, null);
        if (read.Outcome != StateReadOutcome.Missing) return new(null, null, Unknown());
        if (region != fleet.Region || !SessionId.TryParse(idText, out _)) return new(null, null, SessionReader.NotFound());
        if (mayAsk() is { } refusal) return new(null, null, refusal);
        if (Interlocked.Increment(ref _asking) > MaximumAsking)
        {
            Interlocked.Decrement(ref _asking);
            return new(null, null, Unknown());
        }
        try
        {
            return await AskAsync(callId, cancellation);
        }
        finally
        {
            Interlocked.Decrement(ref _asking);
        }
    }

    private async Task<FoundSession> AskAsync(string callId, CancellationToken cancellation)
    {
        IReadOnlyList<string> known = transceivers.Names();
        // After a start with an empty store nobody is known yet, and anybody may have the call.
        if (known.Count == 0) return new(null, null, Unknown());
        // The owner that has the session writes its record again.
        InvocationResult<SessionRecord>[] answers = await Task.WhenAll(known.Select(owner => invoker.GetAsync(
            owner, $"internal/v1/sessions/{callId}?record=missing", ContractsJson.Default.SessionRecord, AskTimeout, cancellation)));
        for (int i = 0; i < answers.Length; i++)
        {
            if (answers[i] is { Result.IsSuccess: true, Value: { } found } && found.CallId == callId) return new(found, known[i], null);
        }
        for (int i = 0; i < answers.Length; i++)
        {
            if (!owners.IsWithout(known[i], answers[i].Result)) return new(null, null, Unknown());
        }
        return new(null, null, SessionReader.NotFound());
    }

    private static ApiError Unknown() => ApiError.Unavailable("Sessions can't be looked up.");
}

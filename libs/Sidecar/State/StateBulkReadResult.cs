namespace Dapr.Voice.Sidecar;

/// <summary>Several keys read at once.</summary>
/// <param name="Outcome"><see cref="StateReadOutcome.Found"/> if the store answered, even where it knows none of the keys.</param>
/// <param name="Entries">What was found, by key. A key that is neither here nor in <paramref name="FailedKeys"/> is missing.</param>
/// <param name="FailedKeys">Keys that could not be read or whose value is malformed.</param>
public sealed record StateBulkReadResult<T>(StateReadOutcome Outcome, IReadOnlyDictionary<string, StateEntry<T>> Entries,
    IReadOnlyCollection<string> FailedKeys, string? ErrorCode);

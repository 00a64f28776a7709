namespace Dapr.Voice.Sidecar;

/// <summary>The result of reading several keys.</summary>
/// <param name="Outcome"><see cref="StateReadOutcome.Found"/> if the store answered, even if it has none of the keys.</param>
/// <param name="Entries">The entries found, by key. A key that is neither here nor in <paramref name="FailedKeys"/> is missing.</param>
/// <param name="FailedKeys">The keys that could not be read, or whose value is malformed.</param>
public sealed record StateBulkReadResult<T>(StateReadOutcome Outcome, IReadOnlyDictionary<string, StateEntry<T>> Entries,
    IReadOnlyCollection<string> FailedKeys, string? ErrorCode);

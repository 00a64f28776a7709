namespace Dapr.Voice.Sidecar;

/// <summary>How a read ended.</summary>
public enum StateReadOutcome
{
    Found,
    Missing,
    /// <summary>The sidecar, its store, or the time ran out; nothing is known of the key.</summary>
    Unavailable,
    /// <summary>The request can never succeed: unknown store, refused token, refused key.</summary>
    Refused,
    /// <summary>There is a value, and it is not JSON of the wanted shape.</summary>
    Malformed,
}

/// <param name="Entry">Set exactly if <paramref name="Outcome"/> is <see cref="StateReadOutcome.Found"/>.</param>
/// <param name="ErrorCode">Dapr's error code, or a word for its absence; safe to log. Null on success.</param>
public readonly record struct StateReadResult<T>(StateReadOutcome Outcome, StateEntry<T>? Entry, string? ErrorCode)
{
    /// <summary>True where the store said what it has: an entry or nothing.</summary>
    public bool IsKnown => Outcome is StateReadOutcome.Found or StateReadOutcome.Missing;
}

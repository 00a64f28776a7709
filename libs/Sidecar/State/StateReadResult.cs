namespace Dapr.Voice.Sidecar;

/// <summary>The outcome of a read.</summary>
public enum StateReadOutcome
{
    Found,
    Missing,
    /// <summary>The sidecar or its store is unavailable, or the deadline passed. Nothing is known about the key.</summary>
    Unavailable,
    /// <summary>The request can never succeed: unknown store, rejected token, rejected key.</summary>
    Refused,
    /// <summary>There is a value, but it is not JSON of the requested type.</summary>
    Malformed,
}

/// <param name="Entry">Not null exactly if <paramref name="Outcome"/> is <see cref="StateReadOutcome.Found"/>.</param>
/// <param name="ErrorCode">Dapr's error code, or a replacement if there is none. It is safe to log. Null on success.</param>
public readonly record struct StateReadResult<T>(StateReadOutcome Outcome, StateEntry<T>? Entry, string? ErrorCode)
{
    /// <summary>True if the state of the key is known: it has an entry, or it is missing.</summary>
    public bool IsKnown => Outcome is StateReadOutcome.Found or StateReadOutcome.Missing;
}

namespace Dapr.Voice.Sidecar;

/// <summary>How a write ended.</summary>
public enum StateWriteOutcome
{
    Written,
    /// <summary>Somebody else was first: stale ETag, or the key exists.</summary>
    Conflict,
    /// <summary>Nobody knows whether it was written: the store or the sidecar is away, or the deadline passed.</summary>
    Unavailable,
    /// <summary>
    /// The request can never succeed as it is: unknown store, refused token, refused key, value too large for the request.
    /// </summary>
    Refused,
}

/// <param name="ErrorCode">Dapr's error code, or a word for its absence; safe to log. Null on success.</param>
public readonly record struct StateWriteResult(StateWriteOutcome Outcome, string? ErrorCode)
{
    public bool IsWritten => Outcome == StateWriteOutcome.Written;
}

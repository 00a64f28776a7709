namespace Dapr.Voice.Sidecar;

/// <summary>The outcome of a write.</summary>
public enum StateWriteOutcome
{
    Written,
    /// <summary>Another writer was first: the ETag is stale, or the key already exists.</summary>
    Conflict,
    /// <summary>
    /// It is not known whether the value was written: the store or the sidecar is unavailable, or the deadline passed.
    /// </summary>
    Unavailable,
    /// <summary>
    /// The request can't succeed as it is: unknown store, rejected token, rejected key, or a value that is too large.
    /// </summary>
    Refused,
}

/// <param name="ErrorCode">Dapr's error code, or a replacement if there is none. It is safe to log. Null on success.</param>
public readonly record struct StateWriteResult(StateWriteOutcome Outcome, string? ErrorCode)
{
    public bool IsWritten => Outcome == StateWriteOutcome.Written;
}

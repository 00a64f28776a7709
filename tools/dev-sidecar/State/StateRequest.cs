namespace Dapr.Voice.DevSidecar.State;

/// <summary>A write as the API read it.</summary>
/// <param name="Key">With the prefix.</param>
/// <param name="Value">JSON text.</param>
/// <param name="ETag">Null where none was sent; an empty one counts as none at every store.</param>
/// <param name="TimeToLive">The text of <c>ttlInSeconds</c>, not yet looked at: each store has its own idea of a bad one.</param>
internal sealed record StateRequest(
    string Key, ReadOnlyMemory<byte> Value, string? ETag, string? Concurrency, string? Consistency, string? TimeToLive)
{
    public bool HasETag => !string.IsNullOrEmpty(ETag);

    public bool IsFirstWrite => Concurrency == "first-write";
}

/// <summary>One operation of a transaction.</summary>
internal readonly record struct StateOperation(bool IsDelete, StateRequest Request);

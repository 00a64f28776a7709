namespace Dapr.Voice.DevSidecar.State;

/// <summary>A write, as the API has read it.</summary>
/// <param name="Key">The key with its prefix.</param>
/// <param name="Value">JSON text. Over gRPC it can be any bytes.</param>
/// <param name="ETag">Null if none was sent. Every store treats an empty one as none.</param>
/// <param name="TimeToLive">The text of <c>ttlInSeconds</c>. It is not parsed yet, because each store reports a bad one in its own
/// way.</param>
internal sealed record StateRequest(
    string Key, ReadOnlyMemory<byte> Value, string? ETag, string? Concurrency, string? Consistency, string? TimeToLive)
{
    public bool HasETag => !string.IsNullOrEmpty(ETag);

    public bool IsFirstWrite => Concurrency == "first-write";
}

/// <summary>One operation of a transaction.</summary>
internal readonly record struct StateOperation(bool IsDelete, StateRequest Request);

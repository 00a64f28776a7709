namespace Dapr.Voice.Sidecar;

/// <summary>A value that was read.</summary>
/// <param name="Value">Null if the store has JSON null, which a save without a value writes. A missing key has no entry.</param>
/// <param name="ETag">An opaque text that may contain quotes. Pass it unchanged to the write that follows the read.</param>
public sealed record StateEntry<T>(string Key, T? Value, string ETag);

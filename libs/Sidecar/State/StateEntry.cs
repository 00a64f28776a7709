namespace Dapr.Voice.Sidecar;

/// <summary>A value as it was read.</summary>
/// <param name="Value">Null where the store holds JSON null (a save without a value does that); a missing key is no entry.</param>
/// <param name="ETag">Opaque; may contain quotes. Goes back unchanged into the write that follows the read.</param>
public sealed record StateEntry<T>(string Key, T? Value, string ETag);

namespace Dapr.Voice.DevSidecar.State;

/// <summary>A value as a read shows it.</summary>
/// <param name="ExpiresAt">Null where it has no end or the store does not show it.</param>
internal readonly record struct StoredValue(ReadOnlyMemory<byte> Value, string ETag, DateTimeOffset? ExpiresAt);

namespace Dapr.Voice.DevSidecar.State;

/// <summary>A value that was read.</summary>
/// <param name="ExpiresAt">Null if the value does not expire, or if the store does not show when.</param>
internal readonly record struct StoredValue(ReadOnlyMemory<byte> Value, string ETag, DateTimeOffset? ExpiresAt);

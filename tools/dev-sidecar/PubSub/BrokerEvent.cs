namespace Dapr.Voice.DevSidecar.PubSub;

/// <summary>An event in the broker.</summary>
/// <param name="Body">A CloudEvent as JSON, or the bytes of a raw publish.</param>
/// <param name="ExpiresAt">When the event is dropped if it has not been delivered. Null for never.</param>
/// <param name="TraceParent">The trace context of the publish call, or empty.</param>
internal sealed record BrokerEvent(ReadOnlyMemory<byte> Body, DateTimeOffset? ExpiresAt, string TraceParent);

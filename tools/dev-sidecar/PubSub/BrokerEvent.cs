namespace Dapr.Voice.DevSidecar.PubSub;

/// <summary>An event as the broker holds it.</summary>
/// <param name="Body">A CloudEvent as JSON, or whatever was published raw.</param>
/// <param name="ExpiresAt">When it is dropped undelivered; null for never.</param>
/// <param name="TraceParent">Trace context of the publish call, or empty.</param>
internal sealed record BrokerEvent(ReadOnlyMemory<byte> Body, DateTimeOffset? ExpiresAt, string TraceParent);

namespace Dapr.Voice.TestKit.Telemetry;

/// <summary>A span as a receiver got it. Ids are lower-case hexadecimal; a root's parent is empty.</summary>
/// <param name="Kind">internal, server, client, producer or consumer.</param>
/// <param name="Links">Trace ids of the spans it points at.</param>
public sealed record ReceivedSpan(
    string Service, string Name, string Kind, string TraceId, string SpanId, string ParentSpanId, DateTimeOffset Start, TimeSpan Duration,
    bool IsError,
    IReadOnlyDictionary<string, string> Attributes, IReadOnlyList<string> Links);

/// <summary>Something that happened during a span.</summary>
public sealed record ReceivedSpanEvent(string Service, string Name, string TraceId, string SpanId);

/// <summary>One series of a metric at one time.</summary>
/// <param name="Unit">Empty where the receiver's protocol has no units.</param>
public sealed record ReceivedPoint(string Service, string Name, string Unit, double Value, IReadOnlyDictionary<string, string> Attributes);

/// <summary>A log line; trace and span are empty outside of one.</summary>
public sealed record ReceivedLog(string Service, string Text, string TraceId, string SpanId);

namespace Dapr.Voice.TestKit.Telemetry;

/// <summary>A span that a receiver got. Ids are lower-case hexadecimal. The parent of a root is an empty string.</summary>
/// <param name="Kind">internal, server, client, producer or consumer.</param>
/// <param name="Links">The trace ids of the spans that it links to.</param>
public sealed record ReceivedSpan(
    string Service, string Name, string Kind, string TraceId, string SpanId, string ParentSpanId, DateTimeOffset Start, TimeSpan Duration,
    bool IsError,
    IReadOnlyDictionary<string, string> Attributes, IReadOnlyList<string> Links);

/// <summary>An event of a span.</summary>
public sealed record ReceivedSpanEvent(string Service, string Name, string TraceId, string SpanId);

/// <summary>The value of one series of a metric at one time.</summary>
/// <param name="Unit">The unit, or an empty string if the receiver's protocol has no units.</param>
public sealed record ReceivedPoint(string Service, string Name, string Unit, double Value, IReadOnlyDictionary<string, string> Attributes);

/// <summary>A log line. Trace and span are empty strings if it was written outside of a span.</summary>
public sealed record ReceivedLog(string Service, string Text, string TraceId, string SpanId);

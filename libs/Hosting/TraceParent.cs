using System.Diagnostics;

namespace Dapr.Voice.Hosting;

/// <summary>
/// Traces that continue elsewhere: in the work of a queue, in another service that reads a record, or on a media thread. The text is W3C's
/// <c>traceparent</c>.
/// </summary>
public static class TraceParent
{
    /// <summary>The trace context of the current activity. Null if nothing is traced.</summary>
    public static string? Current => Activity.Current is { IdFormat: ActivityIdFormat.W3C } activity ? activity.Id : null;

    /// <summary>
    /// Starts a span of the trace that the text names, or of a new trace if there is no text. Null if nobody listens to the source.
    /// </summary>
    public static Activity? Start(this ActivitySource source, string name, string? traceParent)
        => source.StartActivity(name, ActivityKind.Internal, ContextOf(traceParent));

    /// <summary>
    /// Links the current activity to a trace that it is not part of, such as a request to the session that it ends.
    /// </summary>
    public static void Link(string? traceParent)
    {
        if (Activity.Current is { IsAllDataRequested: true } activity && ContextOf(traceParent) is { TraceId: var id } context
            && id != default)
            activity.AddLink(new ActivityLink(context));
    }

    private static ActivityContext ContextOf(string? traceParent)
        => ActivityContext.TryParse(traceParent, null, isRemote: true, out ActivityContext context) ? context : default;
}

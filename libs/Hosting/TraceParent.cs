using System.Diagnostics;

namespace Dapr.Voice.Hosting;

/// <summary>
/// Traces that go on elsewhere: in the work of a queue, in another service that reads a record, on a thread of the media. The text is W3C's
/// <c>traceparent</c>.
/// </summary>
public static class TraceParent
{
    /// <summary>Of what runs now; null where nothing is traced.</summary>
    public static string? Current => Activity.Current is { IdFormat: ActivityIdFormat.W3C } activity ? activity.Id : null;

    /// <summary>Starts a span of the trace that the text names, or of a new one without it. Null if nobody listens.</summary>
    public static Activity? Start(this ActivitySource source, string name, string? traceParent)
        => source.StartActivity(name, ActivityKind.Internal, ContextOf(traceParent));

    /// <summary>Points from what runs now at a trace that it is not part of, such as from a request at the session that it ends.</summary>
    public static void Link(string? traceParent)
    {
        if (Activity.Current is { IsAllDataRequested: true } activity && ContextOf(traceParent) is { TraceId: var id } context
            && id != default)
            activity.AddLink(new ActivityLink(context));
    }

    private static ActivityContext ContextOf(string? traceParent)
        => ActivityContext.TryParse(traceParent, null, isRemote: true, out ActivityContext context) ? context : default;
}

using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;

namespace Dapr.Voice.Sidecar;

/// <summary>
/// What all calls to the sidecar share: the deadline, the span, the metric, and the count of failed calls. There is one instance in a
/// process. Thread-safe.
/// </summary>
internal sealed class SidecarCalls(SidecarOptions options, TimeProvider time)
{
    /// <summary>
    /// The name of the meter and of the activity source. The host exports every source whose name begins with <c>Dapr.Voice.</c>.
    /// </summary>
    public const string TelemetryName = "Dapr.Voice.Sidecar";

    private static readonly Meter Meter = new(TelemetryName);
    private static readonly Histogram<double> CallDuration =
        Meter.CreateHistogram<double>("voice.sidecar.call.duration", "s", "Duration of calls to the sidecar, by operation and outcome.");
    private static readonly ActivitySource Source = new(TelemetryName);

    private int _consecutiveFailures;

    public SidecarOptions Options => options;

    public TimeProvider Time => time;

    /// <summary>
    /// The number of consecutive calls without a usable answer: no connection, deadline passed, or a sidecar that could not reach its
    /// store.
    /// </summary>
    public int ConsecutiveFailures => Volatile.Read(ref _consecutiveFailures);

    /// <summary>
    /// Runs one operation, which may consist of several requests, within one deadline and one span. It throws <see
    /// cref="OperationCanceledException"/> only if the caller cancelled.
    /// </summary>
    /// <param name="operation">For example <c>state.get</c>. It is a tag of the metric and, after <c>sidecar </c>, the name of the
    /// span.</param>
    /// <param name="component">The component, or the app id of an invocation. Never a key: keys and values must not reach
    /// telemetry.</param>
    /// <param name="describe">Returns the name of the outcome, and whether the sidecar's answer was usable. Readiness depends on the
    /// second.</param>
    /// <param name="traceparent">W3C trace context of the span's parent. If it is null or malformed, the current activity is the
    /// parent.</param>
    public async Task<T> RunAsync<T>(
        string operation, string component, TimeSpan timeout, Func<Deadline, Task<T>> call,
        Func<T, (string Outcome, bool IsUsable)> describe,
        CancellationToken cancellation, string? traceparent = null)
    {
        long started = time.GetTimestamp();
        using Activity? activity = Start("sidecar " + operation, traceparent);
        activity?.SetTag("component", component).SetTag("operation", operation);
        using var deadline = new Deadline(timeout, time, cancellation);
        T result = await call(deadline).ConfigureAwait(false);
        (string member, bool isUsable) = describe(result);
        // All words of telemetry have the same spelling.
        string outcome = JsonNamingPolicy.SnakeCaseLower.ConvertName(member);
        if (isUsable) Volatile.Write(ref _consecutiveFailures, 0);
        else Interlocked.Increment(ref _consecutiveFailures);
        activity?.SetTag("outcome", outcome);
        if (!isUsable) activity?.SetStatus(ActivityStatusCode.Error, outcome);
        CallDuration.Record(time.GetElapsedTime(started).TotalSeconds, new("operation", operation), new("outcome", outcome));
        return result;
    }

    private static Activity? Start(string name, string? traceparent)
    {
        // The trace context may come from a record of another writer. If it is malformed, the span is not linked to the trace, but the
        // event is sent.
        if (!ActivityContext.TryParse(traceparent, null, out ActivityContext parent))
            return Source.StartActivity(name, ActivityKind.Client);
        // Dapr's client sends the current activity. Without a listener there is no activity, and the trace would end here.
        return Source.StartActivity(name, ActivityKind.Client, parent) ?? new Activity(name).SetParentId(traceparent!).Start();
    }
}

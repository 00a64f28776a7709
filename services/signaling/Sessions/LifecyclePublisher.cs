using System.Diagnostics;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;

namespace Dapr.Voice.Signaling.Sessions;

/// <summary>An event that waits to be published, with the trace that caused it.</summary>
internal sealed record PendingEvent(LifecycleEvent Event, string? Traceparent);

/// <summary>
/// Publishes lifecycle events. A publish with an unknown outcome is repeated with the same id, and subscribers drop an id that they have
/// seen.
/// </summary>
internal sealed class LifecyclePublisher(
    IEventPublisher publisher, FleetOptions fleet, ServiceInstance instance, SignalingMetrics metrics, TimeProvider time,
    ILogger<LifecyclePublisher> logger)
    : QueuedWork<PendingEvent>(logger)
{
    // The pauses add up to about 20 s. A broker that restarts is back within that time.
    private static readonly TimeSpan[] Pauses =
        [TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(800), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4),
        TimeSpan.FromSeconds(6)];

    private readonly string _source = $"/voice/{fleet.Region}/{AppIds.Signaling}/{instance.Name}";

    /// <param name="session">The session after the change. Its <see cref="SessionRecord.EventSequence"/> is the number of the
    /// event.</param>
    public void Publish(string type, SessionRecord session)
    {
        if (session.ClientKind == ClientKinds.Check) return;
        TryEnqueue(
            new(LifecycleEvent.ForSession(type, session, session.EventSequence, _source, time.GetUtcNow()),
            session.Traceparent ?? TraceParent.Current));
    }

    private protected override string CallIdOf(PendingEvent item) => item.Event.Subject;

    private protected override async Task HandleAsync(PendingEvent item, CancellationToken cancellation)
    {
        using Activity? span = SignalingTrace.Source.Start("voice.signaling.event_publish", item.Traceparent);
        span?.SetTag("voice.call_id", item.Event.Subject).SetTag("voice.event_type", item.Event.Type);
        for (int tries = 1; ; tries++)
        {
            PublishResult result = await publisher.PublishAsync(
                ComponentNames.Lifecycle, Topics.Sessions, item.Event, ContractsJson.Default.LifecycleEvent, span?.Id ?? item.Traceparent,
                cancellation);
            if (result.Outcome != PublishOutcome.Unavailable || tries > Pauses.Length)
            {
                metrics.Events.Add(1, MetricTag.Of("outcome", result.Outcome));
                span?.SetTag("voice.outcome", MetricTag.Word(result.Outcome));
                if (!result.IsPublished)
                    SignalingLog.PublishFailed(Logger, item.Event.Id, item.Event.Type, result.Outcome, result.ErrorCode, tries);
                return;
            }
            await Task.Delay(Pauses[tries - 1], time, cancellation);
        }
    }
}

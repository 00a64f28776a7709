using System.Diagnostics;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;

namespace Dapr.Voice.Signaling.Sessions;

/// <summary>An event that waits to be published, with the trace that caused it.</summary>
/// <param name="Since">The timestamp of its making, on our own clock.</param>
internal sealed record PendingEvent(LifecycleEvent Event, string? Traceparent, long Since);

/// <summary>
/// Publishes lifecycle events. A publish with an unknown outcome is repeated with the same id, and subscribers drop an id that they have
/// seen. Events wait for a broker that is away, for <see cref="GiveUpAfter"/>.
/// </summary>
internal sealed class LifecyclePublisher(
    IEventPublisher publisher, FleetOptions fleet, ServiceInstance instance, SignalingMetrics metrics, TimeProvider time,
    ILogger<LifecyclePublisher> logger)
    : QueuedWork<PendingEvent>(logger, MaximumWaiting)
{
    /// <summary>An event that could not be published for this long is dropped and counted, as a transceiver's is.</summary>
    public static readonly TimeSpan GiveUpAfter = TimeSpan.FromMinutes(10);

    /// <summary>The largest number of events that wait: 27 calls a second for ten minutes. An event has about 1 kB.</summary>
    public const int MaximumWaiting = 16_384;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200), LongestPause = TimeSpan.FromSeconds(5);

    private readonly string _source = $"/voice/{fleet.Region}/{AppIds.Signaling}/{instance.Name}";

    /// <param name="session">The session after the change. Its <see cref="SessionRecord.EventSequence"/> is the number of the
    /// event.</param>
    public void Publish(string type, SessionRecord session)
    {
        if (session.ClientKind == ClientKinds.Check) return;
        TryEnqueue(
            new(LifecycleEvent.ForSession(type, session, session.EventSequence, _source, time.GetUtcNow()),
            session.Traceparent ?? TraceParent.Current, time.GetTimestamp()));
    }

    private protected override string CallIdOf(PendingEvent item) => item.Event.Subject;

    private protected override async Task HandleAsync(PendingEvent item, CancellationToken cancellation)
    {
        using Activity? span = SignalingTrace.Source.Start("voice.signaling.event_publish", item.Traceparent);
        span?.SetTag("voice.call_id", item.Event.Subject).SetTag("voice.event_type", item.Event.Type);
        TimeSpan pause = FirstPause;
        for (int tries = 1; ; tries++)
        {
            PublishResult result = await publisher.PublishAsync(
                ComponentNames.Lifecycle, Topics.Sessions, item.Event, ContractsJson.Default.LifecycleEvent, span?.Id ?? item.Traceparent,
                cancellation);
            metrics.Events.Add(1, MetricTag.Of("outcome", result.Outcome));
            if (result.IsPublished || time.GetElapsedTime(item.Since) > GiveUpAfter)
            {
                span?.SetTag("voice.outcome", MetricTag.Word(result.Outcome));
                if (!result.IsPublished)
                    SignalingLog.PublishFailed(Logger, item.Event.Id, item.Event.Type, result.Outcome, result.ErrorCode, tries);
                return;
            }
            await PauseAsync(pause, time, cancellation);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }
}

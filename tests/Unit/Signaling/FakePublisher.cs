using System.Collections.Concurrent;
using System.Text.Json.Serialization.Metadata;
using Dapr.Voice.Contracts;
using Dapr.Voice.Sidecar;

namespace Dapr.Voice.Tests.Unit.Signaling;

internal sealed record Published(string PubSub, string Topic, LifecycleEvent Event, string? Traceparent);

/// <summary>Keeps what was published; can be away for a number of calls first.</summary>
internal sealed class FakePublisher : IEventPublisher
{
    private int _calls;

    public ConcurrentQueue<Published> Events { get; } = new();

    public int AwayFor { get; set; }

    public Task<PublishResult> PublishAsync<T>(string pubsub, string topic, T cloudEvent, JsonTypeInfo<T> type, string? traceparent = null,
        CancellationToken cancellation = default)
    {
        if (Interlocked.Increment(ref _calls) <= AwayFor)
            return Task.FromResult(new PublishResult(PublishOutcome.Unavailable, "CONNECTION"));
        Events.Enqueue(new(pubsub, topic, (LifecycleEvent)(object)cloudEvent!, traceparent));
        return Task.FromResult(new PublishResult(PublishOutcome.Published, null));
    }
}

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

    /// <summary>Every publish call waits for it.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>Is asked before each event is taken.</summary>
    public Func<bool> IsAway { get; set; } = static () => false;

    public async Task<PublishResult> PublishAsync<T>(
        string pubsub, string topic, T cloudEvent, JsonTypeInfo<T> type, string? traceparent = null,
        CancellationToken cancellation = default)
    {
        await Gate;
        if (Interlocked.Increment(ref _calls) <= AwayFor || IsAway())
            return new PublishResult(PublishOutcome.Unavailable, "CONNECTION");
        Events.Enqueue(new(pubsub, topic, (LifecycleEvent)(object)cloudEvent!, traceparent));
        return new PublishResult(PublishOutcome.Published, null);
    }
}

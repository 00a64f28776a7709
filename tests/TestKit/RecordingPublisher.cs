using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dapr.Voice.Sidecar;

namespace Dapr.Voice.TestKit;

/// <summary>A broker that keeps the events it gets. A test can make it refuse some first.</summary>
public sealed class RecordingPublisher : IEventPublisher
{
    private readonly ConcurrentQueue<(string Topic, JsonElement Event)> _published = new();
    private int _refusals;

    /// <summary>How many publish calls fail before the next one succeeds.</summary>
    public int Refusals
    {
        get => Volatile.Read(ref _refusals);
        set => Volatile.Write(ref _refusals, value);
    }

    /// <summary>Is called before each publish call.</summary>
    public Action Publishing { get; set; } = static () => { };

    /// <summary>The published events, in order.</summary>
    public IReadOnlyList<(string Topic, JsonElement Event)> Published => [.. _published];

    public Task<PublishResult> PublishAsync<T>(string pubsub, string topic, T cloudEvent, JsonTypeInfo<T> type, string? traceparent = null,
        CancellationToken cancellation = default)
    {
        Publishing();
        if (Interlocked.Decrement(ref _refusals) >= 0) return Task.FromResult(new PublishResult(PublishOutcome.Unavailable, "AWAY"));
        _published.Enqueue((topic, JsonSerializer.SerializeToElement(cloudEvent, type)));
        return Task.FromResult(new PublishResult(PublishOutcome.Published, null));
    }
}

using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dapr.Voice.Sidecar;

namespace Dapr.Voice.TestKit;

/// <summary>A broker that keeps what it is given, and on demand refuses first.</summary>
public sealed class RecordingPublisher : IEventPublisher
{
    private readonly ConcurrentQueue<(string Topic, JsonElement Event)> _published = new();
    private int _refusals;

    /// <summary>So many publish calls fail before the next succeeds.</summary>
    public int Refusals
    {
        get => Volatile.Read(ref _refusals);
        set => Volatile.Write(ref _refusals, value);
    }

    /// <summary>In order.</summary>
    public IReadOnlyList<(string Topic, JsonElement Event)> Published => [.. _published];

    public Task<PublishResult> PublishAsync<T>(string pubsub, string topic, T cloudEvent, JsonTypeInfo<T> type, string? traceparent = null,
        CancellationToken cancellation = default)
    {
        if (Interlocked.Decrement(ref _refusals) >= 0) return Task.FromResult(new PublishResult(PublishOutcome.Unavailable, "AWAY"));
        _published.Enqueue((topic, JsonSerializer.SerializeToElement(cloudEvent, type)));
        return Task.FromResult(new PublishResult(PublishOutcome.Published, null));
    }
}

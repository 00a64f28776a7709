using Dapr.Voice.DevSidecar.Resources;


namespace Dapr.Voice.DevSidecar.PubSub;

/// <summary>
/// One pub/sub component in memory, shared by all app ids of the process. Each consumer group (by default: each app id) gets every event of
/// a topic once. The members of a group take turns. Any thread.
/// </summary>
/// <param name="keepsHistory">True for Redis: a new group begins at the oldest event that is still kept.</param>
/// <param name="keepsGroups">True for Redis and RabbitMQ: events wait for a group that is away. Null for the value of <paramref
/// name="keepsHistory"/>.</param>
internal sealed class Broker(bool keepsHistory, bool? keepsGroups = null) : IDisposable
{
    /// <summary>The most topics of one component. The first publish or subscription creates a topic.</summary>
    public const int MaximumTopics = 1_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, TopicStream> _topics = new(StringComparer.Ordinal);

    /// <returns>Null, or the reason why the event was refused.</returns>
    public string? Publish(string topic, BrokerEvent published)
    {
        if (Topic(topic) is not { } stream) return $"the development sidecar keeps at most {MaximumTopics} topics per component";
        return stream.Publish(published);
    }

    /// <summary>
    /// Joins a group. Disposing the result leaves it. Events that the consumer has not finished go to the other members, or wait until the
    /// group has members again.
    /// </summary>
    public IDisposable Subscribe(string topic, string group, IEventConsumer consumer)
        => Topic(topic)?.Subscribe(group, consumer) ?? throw new ResourceException(
        $"The development sidecar keeps at most {MaximumTopics} topics per component.");

    /// <summary>Drops all events, as a broker does that was killed without a snapshot. Subscriptions stay active.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            foreach (TopicStream stream in _topics.Values) stream.Clear();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (TopicStream stream in _topics.Values) stream.Dispose();
        }
    }

    private TopicStream? Topic(string name)
    {
        lock (_gate)
        {
            if (_topics.TryGetValue(name, out TopicStream? stream)) return stream;
            if (_topics.Count >= MaximumTopics) return null;
            return _topics[name] = new TopicStream(keepsHistory, keepsGroups);
        }
    }
}

using Dapr.Voice.DevSidecar.Resources;


namespace Dapr.Voice.DevSidecar.PubSub;

/// <summary>
/// One pub/sub component in memory, shared by all app ids of the process. Each consumer group (by default: app id) gets every event of a
/// topic once; the members of a group take turns.
/// </summary>
/// <param name="keepsHistory">True as Redis: a new group begins at the oldest event that is still kept.</param>
/// <param name="keepsGroups">True as Redis and RabbitMQ: events wait for a group that is away. Null: as
/// <paramref name="keepsHistory"/>.</param>
internal sealed class Broker(bool keepsHistory, bool? keepsGroups = null) : IDisposable
{
    /// <summary>Topics of one component; a topic is made by the first publish or subscription.</summary>
    public const int MaximumTopics = 1_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, TopicStream> _topics = new(StringComparer.Ordinal);

    /// <summary>Null, or why the event was not taken.</summary>
    public string? Publish(string topic, BrokerEvent published)
    {
        if (Topic(topic) is not { } stream) return $"the development sidecar keeps at most {MaximumTopics} topics per component";
        return stream.Publish(published);
    }

    /// <summary>
    /// Joins a group. Dispose the result to leave; what the consumer has not finished goes to the other members, or stays for the group's
    /// return.
    /// </summary>
    public IDisposable Subscribe(string topic, string group, IEventConsumer consumer)
        => Topic(topic)?.Subscribe(group, consumer) ?? throw new ResourceException(
        $"The development sidecar keeps at most {MaximumTopics} topics per component.");

    /// <summary>Forgets all events: a broker that was killed without a snapshot comes back like this. Subscriptions go on.</summary>
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

using Dapr.Voice.DevSidecar.Components;
using Dapr.Voice.DevSidecar.PubSub;


namespace Dapr.Voice.DevSidecar.Apps;

/// <summary>The trace context of a publish call. Both parts are empty if the call had none.</summary>
internal readonly record struct CallTrace(string TraceParent, string TraceState)
{
    public static CallTrace Of(HttpContext context)
        => new(context.Request.Headers["traceparent"].FirstOrDefault() ?? "", context.Request.Headers["tracestate"].FirstOrDefault() ?? "");
}

/// <summary>One event of a bulk publish.</summary>
internal readonly record struct EventToPublish(string EntryId, ReadOnlyMemory<byte> Body, string? ContentType);

/// <summary>Opens the topics that one app id may publish to. Both transports call it. Any thread.</summary>
internal sealed class AppPublisher(string appId, SharedComponents components, TimeProvider time)
{
    /// <summary>The most events in one bulk publish.</summary>
    public const int MaximumBulkEntries = 1_000;

    /// <summary>Opens a topic.</summary>
    /// <exception cref="ApiException">This app does not have the component, or it may not publish to the topic.</exception>
    public AppTopic Open(string pubsub, string topic)
    {
        if (!components.TryGetBroker(pubsub, appId, out Broker broker, out TopicScopes scopes, out _, out Outage outage))
            throw new ApiException(ApiError.PubSubNotFound, $"pubsub {pubsub} is not found");
        if (topic.Length == 0) throw new ApiException(ApiError.TopicEmpty, $"topic is empty in pubsub {pubsub}");
        if (!scopes.MayPublish(appId, topic))
            throw new ApiException(ApiError.TopicForbidden, $"topic {topic} is not allowed for app id {appId}");
        components.Calls.Note(appId, "publish", pubsub, topic);
        return new AppTopic(appId, pubsub, topic, broker, outage, time);
    }
}

/// <summary>A topic as one app id publishes to it. Every method may throw <see cref="ApiException"/>.</summary>
internal sealed class AppTopic(string appId, string pubsub, string topic, Broker broker, Outage outage, TimeProvider time)
{
    public async Task PublishAsync(
        ReadOnlyMemory<byte> body, string? contentType, IReadOnlyDictionary<string, string> metadata, CallTrace trace,
        CancellationToken cancellation)
    {
        BrokerEvent wrapped = Wrap(body.Span, contentType, metadata, trace)
            ?? throw new ApiException(ApiError.CloudEventMalformed, "cannot create cloudevent");
        await CheckServerAsync(cancellation).ConfigureAwait(false);
        if (broker.Publish(topic, wrapped) is { } problem) throw Failed(problem);
    }

    /// <summary>Publishes all events, or none if one of them cannot be read.</summary>
    public async Task PublishBulkAsync(
        IReadOnlyCollection<EventToPublish> events, IReadOnlyDictionary<string, string> metadata, CallTrace trace,
        CancellationToken cancellation)
    {
        if (events.Count > AppPublisher.MaximumBulkEntries)
            throw Malformed($"the development sidecar takes at most {AppPublisher.MaximumBulkEntries} entries");
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var wrapped = new List<BrokerEvent>(events.Count);
        foreach (EventToPublish entry in events)
        {
            if (entry.EntryId.Length == 0 || !ids.Add(entry.EntryId)) throw Malformed("entryId is duplicated or not present for entry");
            wrapped.Add(Wrap(entry.Body.Span, entry.ContentType, metadata, trace) ?? throw Malformed("cannot create cloudevent"));
        }
        if (wrapped.Count > 0) await CheckServerAsync(cancellation).ConfigureAwait(false);
        foreach (BrokerEvent item in wrapped)
        {
            if (broker.Publish(topic, item) is { } problem) throw Failed(problem);
        }
    }

    /// <summary>The error for a bulk publish that cannot be read.</summary>
    public ApiException Malformed(string why)
        => new(ApiError.BulkEventsMalformed, $"error when unmarshaling the request for topic {topic} pubsub {pubsub}: {why}");

    private async Task CheckServerAsync(CancellationToken cancellation)
    {
        if (await outage.FailsAsync(StoreCall.Publish, cancellation).ConfigureAwait(false)) throw Failed("the server does not answer");
    }

    private ApiException Failed(string why) => new(ApiError.Publish, $"error when publish to topic {topic} in pubsub {pubsub}: {why}");

    private BrokerEvent? Wrap(ReadOnlySpan<byte> body, string? contentType, IReadOnlyDictionary<string, string> metadata, CallTrace trace)
        => CloudEventEnvelope.Wrap(body, contentType, appId, pubsub, topic, trace.TraceParent, trace.TraceState, metadata,
        time.GetUtcNow());
}

using System.Text;
using System.Text.Json;

namespace Dapr.Voice.DevSidecar;

/// <summary><c>/v1.0/publish/…</c> of one app id.</summary>
internal sealed class PublishApi(string appId, SharedComponents components, TimeProvider time)
{
    private const int MaximumBulkEntries = 1_000;

    public async Task PublishAsync(HttpContext context, string name, string topic)
    {
        if (!await FindAsync(context, name, topic, out var broker, out var outage).ConfigureAwait(false)) return;
        if (await Responses.ReadBodyAsync(context).ConfigureAwait(false) is not { } body)
        {
            await Responses.Error(context, 400, "ERR_PUBSUB_REQUEST_METADATA", "stream too large").ConfigureAwait(false);
            return;
        }
        var wrapped = Wrap(context, body.Span, context.Request.ContentType, name, topic, Responses.QueryMetadata(context));
        if (wrapped is null)
        {
            await Responses.Error(context, 500, "ERR_PUBSUB_CLOUD_EVENTS_SER", "cannot create cloudevent").ConfigureAwait(false);
            return;
        }
        string? problem = await outage.FailsAsync(StoreCall.Publish, context.RequestAborted).ConfigureAwait(false) ? "the server does not answer" : broker.Publish(topic, wrapped);
        await (problem is null ? Responses.Empty(context) : Responses.Error(context, 500, "ERR_PUBSUB_PUBLISH_MESSAGE", $"error when publish to topic {topic} in pubsub {name}: {problem}")).ConfigureAwait(false);
    }

    public async Task BulkAsync(HttpContext context, string name, string topic)
    {
        if (!await FindAsync(context, name, topic, out var broker, out var outage).ConfigureAwait(false)) return;
        var events = new List<BrokerEvent>();
        string? problem = null;
        if (await Responses.ReadBodyAsync(context).ConfigureAwait(false) is { } body) problem = ReadEntries(context, body, name, topic, events);
        else problem = "stream too large";
        if (problem is not null)
        {
            await Responses.Error(context, 400, "ERR_PUBSUB_EVENTS_SER", $"error when unmarshaling the request for topic {topic} pubsub {name}: {problem}").ConfigureAwait(false);
            return;
        }
        if (events.Count > 0 && await outage.FailsAsync(StoreCall.Publish, context.RequestAborted).ConfigureAwait(false))
        {
            await Responses.Error(context, 500, "ERR_PUBSUB_PUBLISH_MESSAGE", $"error when publish to topic {topic} in pubsub {name}: the server does not answer").ConfigureAwait(false);
            return;
        }
        foreach (var item in events) broker.Publish(topic, item);
        await Responses.Empty(context).ConfigureAwait(false);
    }

    private string? ReadEntries(HttpContext context, ReadOnlyMemory<byte> body, string name, string topic, List<BrokerEvent> events)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind != JsonValueKind.Array) return "a list is expected";
            if (document.RootElement.GetArrayLength() > MaximumBulkEntries) return $"the development sidecar takes at most {MaximumBulkEntries} entries";
            var ids = new HashSet<string>(StringComparer.Ordinal);
            foreach (var entry in document.RootElement.EnumerateArray())
            {
                if (entry.ValueKind != JsonValueKind.Object || !entry.TryGetProperty("entryId", out var id) || id.ValueKind != JsonValueKind.String || id.GetString() is not { Length: > 0 } text || !ids.Add(text))
                    return "entryId is duplicated or not present for entry";
                if (!entry.TryGetProperty("event", out var item)) return "event is not present for entry";
                string contentType = entry.TryGetProperty("contentType", out var type) && type.ValueKind == JsonValueKind.String ? type.GetString()! : "text/plain";
                // A JSON string under a type that is not JSON is the text itself.
                bool isText = item.ValueKind == JsonValueKind.String && !contentType.Contains("json", StringComparison.OrdinalIgnoreCase);
                byte[] bytes = Encoding.UTF8.GetBytes(isText ? item.GetString()! : item.GetRawText());
                if (Wrap(context, bytes, contentType, name, topic, Responses.QueryMetadata(context)) is not { } wrapped) return "cannot create cloudevent";
                events.Add(wrapped);
            }
            return null;
        }
        catch (JsonException e)
        {
            return e.Message;
        }
    }

    private BrokerEvent? Wrap(HttpContext context, ReadOnlySpan<byte> body, string? contentType, string name, string topic, Dictionary<string, string> metadata)
        => CloudEventEnvelope.Wrap(body, contentType, appId, name, topic, context.Request.Headers["traceparent"].FirstOrDefault() ?? "", context.Request.Headers["tracestate"].FirstOrDefault() ?? "", metadata, time.GetUtcNow());

    private Task<bool> FindAsync(HttpContext context, string name, string topic, out Broker broker, out Outage outage)
    {
        if (!components.TryGetBroker(name, appId, out broker, out var scopes, out _, out outage))
            return Refuse(Responses.Error(context, 404, "ERR_PUBSUB_NOT_FOUND", $"pubsub {name} is not found"));
        return scopes.MayPublish(appId, topic)
            ? Task.FromResult(true)
            : Refuse(Responses.Error(context, 403, "ERR_PUBSUB_FORBIDDEN", $"topic {topic} is not allowed for app id {appId}"));
    }

    private static async Task<bool> Refuse(Task answer)
    {
        await answer.ConfigureAwait(false);
        return false;
    }
}

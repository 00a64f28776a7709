using System.Text;
using System.Text.Json;
using Dapr.Voice.DevSidecar.Apps;

namespace Dapr.Voice.DevSidecar.Http;

/// <summary><c>/v1.0/publish/…</c> of one app id.</summary>
internal sealed class PublishRoutes(AppPublisher publisher)
{
    public async Task PublishAsync(HttpContext context, string pubsub, string topic)
    {
        AppTopic target = publisher.Open(pubsub, topic);
        if (await Responses.ReadBodyAsync(context).ConfigureAwait(false) is not { } body)
        {
            await Responses.Error(context, 400, "ERR_PUBSUB_REQUEST_METADATA", "stream too large").ConfigureAwait(false);
            return;
        }
        await target.PublishAsync(body, context.Request.ContentType, Responses.QueryMetadata(context), CallTrace.Of(context),
            context.RequestAborted).ConfigureAwait(false);
        await Responses.Empty(context).ConfigureAwait(false);
    }

    public async Task BulkAsync(HttpContext context, string pubsub, string topic)
    {
        AppTopic target = publisher.Open(pubsub, topic);
        if (await Responses.ReadBodyAsync(context).ConfigureAwait(false) is not { } body) throw target.Malformed("stream too large");
        await target.PublishBulkAsync(ReadEntries(body, target), Responses.QueryMetadata(context), CallTrace.Of(context),
            context.RequestAborted).ConfigureAwait(false);
        await Responses.Empty(context).ConfigureAwait(false);
    }

    private static List<EventToPublish> ReadEntries(ReadOnlyMemory<byte> body, AppTopic target)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind != JsonValueKind.Array) throw target.Malformed("a list is expected");
            var entries = new List<EventToPublish>();
            foreach (JsonElement entry in document.RootElement.EnumerateArray())
            {
                if (entry.ValueKind != JsonValueKind.Object) throw target.Malformed("an entry must be an object");
                if (!entry.TryGetProperty("event", out JsonElement item)) throw target.Malformed("event is not present for entry");
                string contentType = Text(entry, "contentType") ?? "text/plain";
                // If the content type is not JSON, a JSON string is the text itself.
                bool isText = item.ValueKind == JsonValueKind.String && !contentType.Contains("json", StringComparison.OrdinalIgnoreCase);
                entries.Add(
                    new EventToPublish(Text(entry, "entryId") ?? "", Encoding.UTF8.GetBytes(isText ? item.GetString()! : item.GetRawText()),
                    contentType));
            }
            return entries;
        }
        catch (JsonException e)
        {
            throw target.Malformed(e.Message);
        }
    }

    private static string? Text(JsonElement item, string name)
        => item.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dapr.Voice.DevSidecar.PubSub;

/// <summary>
/// What an app is sent where its subscription asks for another form than the event itself: raw messages, and bulk messages.
/// </summary>
internal static class DeliveryEnvelope
{
    private const string CloudEventType = "application/cloudevents+json", RawType = "application/octet-stream";

    /// <summary>
    /// A CloudEvent around the bytes of a message: what a subscription with <c>rawPayload</c> receives. The sidecar does not know what is
    /// in the message, so the data is base64, and id and type are made up.
    /// </summary>
    public static byte[] WrapRaw(ReadOnlySpan<byte> message, string pubsub, string topic)
        => JsonSerializer.SerializeToUtf8Bytes(new JsonObject
    {
        ["id"] = Guid.NewGuid().ToString(),
        ["specversion"] = "1.0",
        ["datacontenttype"] = RawType,
        ["source"] = "Dapr",
        ["type"] = "com.dapr.event.sent",
        ["topic"] = topic,
        ["pubsubname"] = pubsub,
        ["data_base64"] = Convert.ToBase64String(message),
    });

    /// <summary>
    /// A bulk message with one entry. The real sidecar collects several; an app has to cope with one, since that is what comes when nothing
    /// else does in time.
    /// </summary>
    /// <param name="isRaw">The event of the entry is then the message's bytes in base64.</param>
    /// <exception cref="JsonException">The message is no JSON although it is not raw.</exception>
    public static byte[] WrapBulk(ReadOnlySpan<byte> message, string entryId, bool isRaw, string pubsub, string topic)
        => JsonSerializer.SerializeToUtf8Bytes(new JsonObject
    {
        ["id"] = Guid.NewGuid().ToString(),
        ["metadata"] = new JsonObject { ["pubsubName"] = pubsub },
        ["pubsubname"] = pubsub,
        ["topic"] = topic,
        ["type"] = "com.dapr.event.sent.bulk",
        ["entries"] = new JsonArray(new JsonObject
        {
            ["entryId"] = entryId,
            ["event"] = isRaw ? Convert.ToBase64String(message) : JsonNode.Parse(message),
            ["metadata"] = new JsonObject(),
            ["contentType"] = isRaw ? RawType : CloudEventType,
        }),
    });

    /// <summary>
    /// The status of one entry in the answer to a bulk message; null where the answer does not name the entry, which counts as a failure.
    /// </summary>
    public static string? BulkStatus(ReadOnlySpan<byte> answer, string entryId)
    {
        try
        {
            if (JsonNode.Parse(answer) is not JsonObject body || body["statuses"] is not JsonArray statuses) return null;
            JsonObject? entry = statuses.OfType<JsonObject>().FirstOrDefault(
                s => s["entryId"] is JsonValue id && id.TryGetValue(out string? text) && text == entryId);
            if (entry is null) return null;
            return entry["status"] is JsonValue status && status.TryGetValue(out string? word) ? word : "";
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

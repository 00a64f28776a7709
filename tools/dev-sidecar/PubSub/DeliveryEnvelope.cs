using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dapr.Voice.DevSidecar.PubSub;

/// <summary>Makes the forms of an event that a subscription may ask for: raw messages and bulk messages.</summary>
internal static class DeliveryEnvelope
{
    private const string CloudEventType = "application/cloudevents+json", RawType = "application/octet-stream";

    /// <summary>
    /// Puts the bytes of a message into a CloudEvent, for a subscription with <c>rawPayload</c>. The sidecar does not know the content of
    /// the message. The data is therefore base64, and id and type are made up.
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
    /// Makes a bulk message with one entry. The real sidecar collects several events. An app has to accept one, since it gets one when no
    /// other event arrives in time.
    /// </summary>
    /// <param name="isRaw">The event in the entry is the bytes of the message in base64.</param>
    /// <exception cref="JsonException">The message is neither raw nor JSON.</exception>
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

    /// <summary>Reads the status of one entry from the answer to a bulk message.</summary>
    /// <returns>Null if the answer does not have the entry, which counts as a failure.</returns>
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

using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dapr.Voice.DevSidecar.PubSub;

/// <summary>
/// Puts a published message into a CloudEvent as the real sidecar does. The content type decides how (docs/dapr.md, point 8).
/// </summary>
internal static class CloudEventEnvelope
{
    private const string DefaultType = "com.dapr.event.sent";

    /// <param name="metadata">The <c>metadata.*</c> parameters of the query; the names have no prefix.</param>
    /// <returns>Null if the content type says CloudEvent and the body is none.</returns>
    public static BrokerEvent? Wrap(ReadOnlySpan<byte> body, string? contentType, string appId, string pubsub, string topic,
        string traceParent, string traceState, IReadOnlyDictionary<string, string> metadata, DateTimeOffset now)
    {
        if (metadata.TryGetValue("rawPayload", out string? raw) && string.Equals(raw, "true", StringComparison.OrdinalIgnoreCase))
            return new BrokerEvent(body.ToArray(), null, traceParent);

        string mediaType = (contentType ?? "").Split(';')[0].Trim().ToLowerInvariant();
        JsonObject envelope;
        if (mediaType == "application/cloudevents+json")
        {
            if (Parse(body) is not JsonObject own) return null;
            envelope = own;
            Default(envelope, "specversion", "1.0");
            Default(envelope, "source", "Dapr");
            Default(envelope, "type", DefaultType);
            Default(envelope, "time", Time(now));
        }
        else
        {
            envelope = new JsonObject
            {
                ["id"] = Guid.NewGuid().ToString(),
                ["source"] = appId,
                ["specversion"] = "1.0",
                ["type"] = DefaultType,
                ["datacontenttype"] = mediaType.Length == 0 ? "text/plain" : contentType,
                ["time"] = Time(now),
            };
            if (mediaType == "application/octet-stream") envelope["data_base64"] = Convert.ToBase64String(body);
            else if (IsJson(mediaType) && TryParse(body, out JsonNode? data)) envelope["data"] = data;
            else envelope["data"] = Encoding.UTF8.GetString(body);
        }

        foreach (string name in new[] { "id", "type", "source", "subject" })
        {
            if (metadata.TryGetValue("cloudevent." + name, out string? value)) envelope[name] = value;
        }
        envelope["topic"] = topic;
        envelope["pubsubname"] = pubsub;
        // The trace of the call replaces one in the event. It is empty if the call had none.
        envelope["traceid"] = traceParent;
        envelope["traceparent"] = traceParent;
        envelope["tracestate"] = traceState;

        DateTimeOffset? expires = null;
        if (metadata.TryGetValue("ttlInSeconds", out string? ttl)
            && long.TryParse(ttl, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds) && seconds is > 0 and < int.MaxValue)
        {
            expires = now.AddSeconds(seconds);
            envelope["expiration"] = Time(expires.Value);
        }
        return new BrokerEvent(JsonSerializer.SerializeToUtf8Bytes(envelope), expires, traceParent);
    }

    private static bool IsJson(string mediaType)
        => mediaType == "application/json" || mediaType.EndsWith("+json", StringComparison.Ordinal);

    private static void Default(JsonObject envelope, string name, string value)
    {
        if (!envelope.ContainsKey(name)) envelope[name] = value;
    }

    private static string Time(DateTimeOffset time)
        => time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static JsonNode? Parse(ReadOnlySpan<byte> body) => TryParse(body, out JsonNode? node) ? node : null;

    private static bool TryParse(ReadOnlySpan<byte> body, out JsonNode? node)
    {
        try
        {
            node = JsonNode.Parse(body);
            return true;
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            node = null;
            return false;
        }
    }
}

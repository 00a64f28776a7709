using System.Text.Json;
using System.Text.Json.Serialization;
using Dapr.Voice.Signaling.Http;

namespace Dapr.Voice.Signaling.Realtime;

internal sealed record ClientSecretRequest
{
    public ExpiresAfter? ExpiresAfter { get; init; }
    public JsonElement? Session { get; init; }

    /// <summary>An extension of ours: sessions made with this key reach this agent and no other.</summary>
    public string? Agent { get; init; }

    /// <summary>An extension of ours: sessions made with this key last at most this many seconds.</summary>
    public int? MaxSessionSeconds { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

internal sealed record ExpiresAfter(string? Anchor, int? Seconds)
{
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <param name="ExpiresAt">In Unix seconds.</param>
internal sealed record ClientSecretResponse(string Value, long ExpiresAt, JsonElement Session);

/// <summary>The JSON form of a call.</summary>
internal sealed record CallBody(string? Sdp, JsonElement? Session, string? Agent, int? MaxSessionSeconds)
{
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

internal sealed record CallCreated(string Id, string Sdp);

/// <summary>
/// The bodies of the public API. Names are snake_case, as OpenAI clients write them. An object with a duplicate name is refused, because
/// readers differ in which of the two they use, and <see cref="System.Text.Json.Nodes.JsonObject"/> throws.
/// </summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, PropertyNameCaseInsensitive = false,
    AllowDuplicateProperties = false, MaxDepth = RequestBody.MaximumDepth)]
[JsonSerializable(typeof(ClientSecretRequest))]
[JsonSerializable(typeof(ClientSecretResponse))]
[JsonSerializable(typeof(CallBody))]
[JsonSerializable(typeof(CallCreated))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class RealtimeJson : JsonSerializerContext;

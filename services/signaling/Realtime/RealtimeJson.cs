using System.Text.Json;
using System.Text.Json.Serialization;
using Dapr.Voice.Signaling.Http;

namespace Dapr.Voice.Signaling.Realtime;

internal sealed record ClientSecretRequest
{
    public ExpiresAfter? ExpiresAfter { get; init; }
    public JsonElement? Session { get; init; }

    /// <summary>Our extension: sessions made with this key reach this agent and no other.</summary>
    public string? Agent { get; init; }

    /// <summary>Our extension: sessions made with this key last at most so long.</summary>
    public int? MaxSessionSeconds { get; init; }
}

internal sealed record ExpiresAfter(string? Anchor, int? Seconds);

/// <param name="ExpiresAt">Unix seconds.</param>
internal sealed record ClientSecretResponse(string Value, long ExpiresAt, JsonElement Session);

/// <summary>The JSON form of a call.</summary>
internal sealed record CallBody(string? Sdp, JsonElement? Session, string? Agent, int? MaxSessionSeconds);

internal sealed record CallCreated(string Id, string Sdp);

/// <summary>
/// Bodies of the public API: snake_case, as the client family writes them. A name twice in one object is refused: readers differ in which
/// one they take, and <see cref="System.Text.Json.Nodes.JsonObject"/> throws.
/// </summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, PropertyNameCaseInsensitive = false,
    AllowDuplicateProperties = false, MaxDepth = RequestBody.MaximumDepth)]
[JsonSerializable(typeof(ClientSecretRequest))]
[JsonSerializable(typeof(ClientSecretResponse))]
[JsonSerializable(typeof(CallBody))]
[JsonSerializable(typeof(CallCreated))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class RealtimeJson : JsonSerializerContext;

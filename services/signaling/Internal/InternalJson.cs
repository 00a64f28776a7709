using System.Text.Json;
using System.Text.Json.Serialization;
using Dapr.Voice.Signaling.Http;

namespace Dapr.Voice.Signaling.Internal;

/// <summary>The body of <c>POST /internal/v1/sessions</c>.</summary>
internal sealed record InternalSessionRequest(string? OfferSdp, JsonElement? Session, string? Agent, int? MaximumSeconds)
{
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

internal sealed record InternalSessionCreated(string CallId, string AnswerSdp, string Owner, string Region, DateTimeOffset ExpiresAt);

internal sealed record InternalEnd(string CallId, string Status);

/// <summary>The bodies of the internal API. Names are camelCase, as in everything between services.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false, MaxDepth = RequestBody.MaximumDepth)]
[JsonSerializable(typeof(InternalSessionRequest))]
[JsonSerializable(typeof(InternalSessionCreated))]
[JsonSerializable(typeof(InternalEnd))]
internal sealed partial class InternalJson : JsonSerializerContext;

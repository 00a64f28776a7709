using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dapr.Voice.Sidecar;

/// <summary>One element of the answer to a bulk get; a missing key has neither data nor etag.</summary>
internal sealed record StateBulkItem(
    [property: JsonPropertyName("key")] string? Key,
    [property: JsonPropertyName("data")] JsonElement Data,
    [property: JsonPropertyName("etag")] string? ETag,
    [property: JsonPropertyName("error")] string? Error);

[JsonSerializable(typeof(List<StateBulkItem>))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class StateJson : JsonSerializerContext;

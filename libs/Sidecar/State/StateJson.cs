using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dapr.Voice.Sidecar;

/// <summary>JSON of any shape, as a create reads it back.</summary>
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class StateJson : JsonSerializerContext;

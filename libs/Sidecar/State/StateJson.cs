using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dapr.Voice.Sidecar;

/// <summary>JSON of any form. A create uses it to read a value back.</summary>
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class StateJson : JsonSerializerContext;

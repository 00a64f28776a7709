using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dapr.Voice.Signaling.Placement;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(ShardDemand))]
internal sealed partial class PlacementJson : JsonSerializerContext;

using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dapr.Voice.Cli.Running;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RunState))]
internal sealed partial class CliJson : JsonSerializerContext;

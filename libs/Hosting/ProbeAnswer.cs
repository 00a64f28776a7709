using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dapr.Voice.Hosting;

/// <summary>The answer to a probe: a status, and the reasons if the status is not good.</summary>
internal sealed record ProbeAnswer(string Status, IReadOnlyList<string>? Reasons);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProbeAnswer))]
internal sealed partial class ProbeJson : JsonSerializerContext;

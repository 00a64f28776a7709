using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dapr.Voice.Hosting;

/// <summary>What a probe is told: one word, and the reasons where it is a bad one.</summary>
internal sealed record ProbeAnswer(string Status, IReadOnlyList<string>? Reasons);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProbeAnswer))]
internal sealed partial class ProbeJson : JsonSerializerContext;

using System.Text.Json.Serialization;

namespace Dapr.Voice.Hosting;

internal sealed record HealthReport(string Status, IReadOnlyList<string>? Reasons);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(HealthReport))]
internal sealed partial class HealthJson : JsonSerializerContext;

using System.Text.Json.Serialization;

namespace Dapr.Voice.Signaling.Http;

internal sealed record ErrorBody(ErrorDetail Error);

/// <param name="Param">The field of the request that is to blame. Clients expect it to be present, so it is null where no field is to blame.</param>
internal sealed record ErrorDetail(string Message, string Type, string Code, string? Param);

internal sealed record ProblemBody(string Type, string Title, int Status, string Code, string? Param);

/// <summary>Bodies of errors: snake_case, as the client family reads them.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ErrorBody))]
[JsonSerializable(typeof(ProblemBody))]
internal sealed partial class ApiErrorJson : JsonSerializerContext;

using System.Diagnostics;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace Dapr.Voice.Hosting;

/// <summary>
/// Writes problem details with <c>code</c> first, because a caller over gRPC sees only the first 63 bytes of an error (docs/dapr.md, point
/// 26). It writes them whatever the caller accepts: a reason in an unexpected form is better than none.
/// </summary>
internal sealed class ProblemWriter : IProblemDetailsWriter
{
    private static readonly ProblemJson Json = new(ReadableJson.OptionsOf(ProblemJson.Default));

    public bool CanWrite(ProblemDetailsContext context) => true;

    public ValueTask WriteAsync(ProblemDetailsContext context)
    {
        ProblemDetails details = context.ProblemDetails;
        (string code, string? param, int? retryAfter) = ApiError.ExtensionsOf(details);
        var problem = new Problem(code, details.Title ?? "", details.Status ?? context.HttpContext.Response.StatusCode,
            details.Type ?? "about:blank", param, retryAfter, Activity.Current?.Id ?? context.HttpContext.TraceIdentifier);
        return new(context.HttpContext.Response.WriteAsJsonAsync(
            problem, Json.Problem, "application/problem+json", context.HttpContext.RequestAborted));
    }
}

/// <summary>The members in their order on the wire.</summary>
internal sealed record Problem(
    string Code,
    string Title,
    int Status,
    string Type,
    string? Param,
    [property: JsonPropertyName("retry_after_ms")] int? RetryAfterMilliseconds,
    string TraceId);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Problem))]
internal sealed partial class ProblemJson : JsonSerializerContext;

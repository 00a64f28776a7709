using System.Text.Json.Serialization;
using Dapr.Voice.Hosting;
using Microsoft.AspNetCore.Mvc;

namespace Dapr.Voice.Signaling.Http;

/// <summary>
/// Writes an error of the public API as <c>{"error":{…}}</c>, which clients of the OpenAI API read. A caller that asks for
/// <c>application/problem+json</c> gets problem details from the framework's own writer, as every caller of the internal API does.
/// </summary>
internal sealed class ClientErrorWriter : IProblemDetailsWriter
{
    private const string ProblemJson = "application/problem+json";

    private static readonly ClientErrorJson Json = new(ReadableJson.OptionsOf(ClientErrorJson.Default));

    public bool CanWrite(ProblemDetailsContext context)
        => PublicApi.Includes(context.HttpContext)
            && context.HttpContext.Request.GetTypedHeaders().Accept?.Any(
            accept => accept.MediaType.Equals(ProblemJson, StringComparison.OrdinalIgnoreCase)) != true;

    public ValueTask WriteAsync(ProblemDetailsContext context)
    {
        ProblemDetails problem = context.ProblemDetails;
        int status = problem.Status ?? context.HttpContext.Response.StatusCode;
        (string code, string? param, int? retryAfter) = ApiError.ExtensionsOf(problem);
        var detail = new ClientErrorDetail(code, problem.Title ?? "", TypeOf(status), param, retryAfter);
        return new(context.HttpContext.Response.WriteAsJsonAsync(
            new ClientError(detail), Json.ClientError, "application/json", context.HttpContext.RequestAborted));
    }

    /// <summary>The error types of the OpenAI API.</summary>
    private static string TypeOf(int status) => status switch
    {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        429 => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };
}

internal sealed record ClientError(ClientErrorDetail Error);

/// <summary>The members in their order on the wire: who reads only the beginning of an error still reads its code.</summary>
/// <param name="Param">The field of the request that is wrong. Clients expect the member to be present, so it is null if no single field is
/// wrong.</param>
/// <param name="RetryAfterMs">When to try again. The member is absent where that is not known.</param>
internal sealed record ClientErrorDetail(string Code, string Message, string Type, string? Param,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? RetryAfterMs);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ClientError))]
internal sealed partial class ClientErrorJson : JsonSerializerContext;

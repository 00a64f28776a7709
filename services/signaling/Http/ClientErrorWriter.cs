using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;

namespace Dapr.Voice.Signaling.Http;

/// <summary>
/// Writes an error of the public API as <c>{"error":{…}}</c>, which clients of the OpenAI API read. A caller that asks for
/// <c>application/problem+json</c> gets problem details from the framework's own writer, as every caller of the internal API does.
/// </summary>
internal sealed class ClientErrorWriter : IProblemDetailsWriter
{
    private const string ProblemJson = "application/problem+json";

    public bool CanWrite(ProblemDetailsContext context)
        => PublicApi.Includes(context.HttpContext)
            && context.HttpContext.Request.GetTypedHeaders().Accept?.Any(
            accept => accept.MediaType.Equals(ProblemJson, StringComparison.OrdinalIgnoreCase)) != true;

    public ValueTask WriteAsync(ProblemDetailsContext context)
    {
        ProblemDetails problem = context.ProblemDetails;
        int status = problem.Status ?? context.HttpContext.Response.StatusCode;
        var detail = new ClientErrorDetail(
            problem.Title ?? "", TypeOf(status), (string?)problem.Extensions["code"] ?? "", (string?)problem.Extensions["param"]);
        return new(context.HttpContext.Response.WriteAsJsonAsync(
            new ClientError(detail), ClientErrorJson.Default.ClientError, "application/json", context.HttpContext.RequestAborted));
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

/// <param name="Param">The field of the request that is wrong. Clients expect the member to be present, so it is null if no single field is
/// wrong.</param>
internal sealed record ClientErrorDetail(string Message, string Type, string Code, string? Param);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ClientError))]
internal sealed partial class ClientErrorJson : JsonSerializerContext;

using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Dapr.Voice.Hosting;

/// <summary>
/// The answer to a request that failed: problem details (RFC 9457) with the extensions <c>code</c>, <c>param</c> and
/// <c>retry_after_ms</c>. <see cref="Code"/> is stable, and it is the same word in metrics and logs. <see cref="Message"/> is for people
/// and contains no secret.
/// </summary>
/// <param name="Param">The field of the request that caused the error, or null.</param>
public sealed record ApiError(int Status, string Code, string Message, string? Param = null) : IResult
{
    private const string CodeExtension = "code", ParamExtension = "param", RetryAfterExtension = "retry_after_ms";
    private const string TypePrefix = "urn:dapr-voice:error:";

    /// <summary>When the caller should try again. Errors with the status 429 or 503 always have it.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public static ApiError Invalid(string code, string message, string? param = null) => new(400, code, message, param);
    public static ApiError Unauthenticated(string code, string message) => new(401, code, message);
    public static ApiError Forbidden(string code, string message) => new(403, code, message);
    public static ApiError NotFound(string code, string message, string? param = null) => new(404, code, message, param);
    public static ApiError Conflict(string code, string message) => new(409, code, message);
    public static ApiError TooLarge(int limitBytes)
        => new(413, "request_too_large", $"The request may have at most {limitBytes / 1024} KiB.");
    public static ApiError WrongMediaType(string expected) => new(415, "unsupported_media_type", $"Send {expected}.");
    public static ApiError Internal() => new(500, "internal_error", "An internal error occurred. It has been logged.");

    /// <param name="what">What there was too much of, in words for a caller: <c>requests from this address</c>.</param>
    public static ApiError TooManyRequests(string what, TimeSpan retryAfter)
        => new(429, "rate_limit_exceeded", $"Too many {what}. Try again later.") { RetryAfter = retryAfter };

    public static ApiError OverCapacity()
        => Unavailable("over_capacity", "There is no room for another session now. Try again shortly.", TimeSpan.FromSeconds(2));

    /// <param name="what">The dependency that is unavailable, in words for a caller.</param>
    public static ApiError Unavailable(string what)
        => Unavailable("service_unavailable", $"{what} Try again shortly.", TimeSpan.FromSeconds(2));

    public static ApiError Unavailable(string code, string message, TimeSpan retryAfter)
        => new(503, code, message) { RetryAfter = retryAfter };

    /// <summary>Returns the error for an answer that has a status and no body.</summary>
    internal static ApiError OfStatus(int status) => status switch
    {
        401 => Unauthenticated("unauthenticated", "This path requires a token."),
        404 => NotFound("unknown_path", "There is nothing at this path."),
        405 => new(405, "method_not_allowed", "This path does not support this method."),
        413 => new(413, "request_too_large", "The request is too large."),
        415 => new(415, "unsupported_media_type", "This path does not accept this media type."),
        503 => Unavailable("The service can't answer this request now."),
        >= 500 => Internal() with { Status = status },
        _ => new(status, "bad_request", "The request is invalid."),
    };

    /// <summary>
    /// Reads our extensions from problem details. The code is empty, and the others are null, if the framework made the details.
    /// </summary>
    public static (string Code, string? Param, int? RetryAfterMilliseconds) ExtensionsOf(ProblemDetails details)
    {
        details.Extensions.TryGetValue(CodeExtension, out object? code);
        details.Extensions.TryGetValue(ParamExtension, out object? param);
        details.Extensions.TryGetValue(RetryAfterExtension, out object? milliseconds);
        return (code as string ?? "", param as string, milliseconds as int?);
    }

    /// <summary>Writes the answer. Headers that were set earlier, such as those of CORS, are kept.</summary>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        HttpResponse response = httpContext.Response;
        response.StatusCode = Status;
        response.Headers.CacheControl = "no-store";
        if (Status == 401) response.Headers.WWWAuthenticate = "Bearer";
        // The body is JSON, whatever a browser thinks that it sees.
        response.Headers.XContentTypeOptions = "nosniff";
        int? milliseconds = null;
        if (RetryAfter is { } wait)
        {
            milliseconds = Math.Max(1, (int)Math.Ceiling(wait.TotalMilliseconds));
            response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString();
            response.Headers["retry-after-ms"] = milliseconds.ToString();
        }
        // Callers that come through Dapr's SDKs see the body and no header, so the wait is in both.
        var details = new ProblemDetails { Type = TypePrefix + Code, Title = Message, Status = Status,
            Extensions = { [CodeExtension] = Code, [ParamExtension] = Param, [RetryAfterExtension] = milliseconds } };
        await httpContext.RequestServices.GetRequiredService<IProblemDetailsService>()
            .TryWriteAsync(new ProblemDetailsContext { HttpContext = httpContext, ProblemDetails = details });
    }
}

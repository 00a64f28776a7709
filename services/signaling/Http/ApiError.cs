using System.Text.Json;
using Microsoft.Net.Http.Headers;

namespace Dapr.Voice.Signaling.Http;

/// <summary>
/// What a caller of the public API is told (docs/protocols/realtime.md 8). <see cref="Code"/> is stable and the word in metrics and logs;
/// <see cref="Message"/> is for people and repeats nothing secret.
/// </summary>
internal sealed record ApiError(int Status, string Type, string Code, string Message, string? Param = null)
{
    /// <summary>Tells when it is worth trying again; always set for 429 and 503.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public static ApiError Invalid(string code, string message, string? param = null) => new(400, "invalid_request_error", code, message, param);
    public static ApiError Unauthenticated(string code, string message) => new(401, "authentication_error", code, message);
    public static ApiError Forbidden(string code, string message) => new(403, "permission_error", code, message);
    public static ApiError NotFound(string code, string message, string? param = null) => new(404, "not_found_error", code, message, param);
    public static ApiError TooLarge(int limitBytes) => new(413, "invalid_request_error", "request_too_large", $"The request may have at most {limitBytes / 1024} KiB.");
    public static ApiError WrongMediaType(string expected) => new(415, "invalid_request_error", "unsupported_media_type", $"Send {expected}.");
    public static ApiError Internal() => new(500, "server_error", "internal_error", "Something went wrong here. It has been logged.");

    public static ApiError TooManyRequests(TimeSpan retryAfter)
        => new(429, "rate_limit_error", "rate_limit_exceeded", "Too many requests from this address.") { RetryAfter = retryAfter };

    public static ApiError OverCapacity()
        => new(503, "server_error", "over_capacity", "No room for another session right now. Try again shortly.") { RetryAfter = TimeSpan.FromSeconds(2) };

    /// <param name="what">Which dependency is away, in words fit for a caller.</param>
    public static ApiError Unavailable(string what)
        => new(503, "server_error", "service_unavailable", $"{what} Try again shortly.") { RetryAfter = TimeSpan.FromSeconds(2) };

    /// <summary>Writes <c>{"error":{…}}</c>, or problem details (RFC 9457) for those who ask. Headers set before, CORS above all, stay.</summary>
    public Task WriteAsync(HttpContext context)
    {
        HttpResponse response = context.Response;
        response.StatusCode = Status;
        response.Headers.CacheControl = "no-store";
        if (Status == 401) response.Headers.WWWAuthenticate = "Bearer";
        if (RetryAfter is { } wait)
        {
            response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString();
            response.Headers["retry-after-ms"] = Math.Max(1, (int)Math.Ceiling(wait.TotalMilliseconds)).ToString();
        }
        context.Items[typeof(ApiError)] = this;

        bool wantsProblem = context.Request.GetTypedHeaders().Accept?.Any(accept => accept.MediaType.Equals("application/problem+json", StringComparison.OrdinalIgnoreCase)) == true;
        response.ContentType = wantsProblem ? "application/problem+json" : "application/json";
        byte[] body = wantsProblem
            ? JsonSerializer.SerializeToUtf8Bytes(new ProblemBody($"urn:dapr-voice:error:{Code}", Message, Status, Code, Param), ApiErrorJson.Default.ProblemBody)
            : JsonSerializer.SerializeToUtf8Bytes(new ErrorBody(new(Message, Type, Code, Param)), ApiErrorJson.Default.ErrorBody);
        response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }
}

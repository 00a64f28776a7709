using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dapr.Voice.Hosting;

/// <summary>
/// The token that our own sidecar puts on every call to us (APP_API_TOKEN, header <c>dapr-api-token</c>). The public ingress reaches
/// the same port, so this is all that keeps <c>/internal</c> internal.
/// </summary>
public static partial class AppApiToken
{
    public const string Header = "dapr-api-token";
    public const string Setting = "APP_API_TOKEN";

    /// <summary>
    /// Answers 401 to a request under <c>/internal</c> or <c>/dapr</c> without the right token, before anything of it is read. Without a configured
    /// token <c>/internal</c> is closed to everyone, while <c>/dapr</c> is open: it only tells which topics we listen to.
    /// </summary>
    public static IApplicationBuilder UseAppApiToken(this IApplicationBuilder app)
    {
        string? configured = app.ApplicationServices.GetRequiredService<IConfiguration>()[Setting];
        byte[]? expected = string.IsNullOrEmpty(configured) ? null : Hash(configured);
        if (expected is null) LogClosed(app.ApplicationServices.GetRequiredService<ILoggerFactory>().CreateLogger("Dapr.Voice.Hosting.AppApiToken"));

        return app.Use((context, next) =>
        {
            bool isInternal = context.Request.Path.StartsWithSegments("/internal");
            bool isAllowed = isInternal || context.Request.Path.StartsWithSegments("/dapr")
                ? expected is null ? !isInternal : IsRight(context.Request, expected)
                : true;
            return isAllowed ? next(context) : Refuse(context, expected is not null);
        });
    }

    /// <summary>True if no token is configured or the request carries it: for routes of subscriptions, whose paths are the service's own.</summary>
    public static bool IsAllowed(HttpRequest request, string? configured)
        => string.IsNullOrEmpty(configured) || IsRight(request, Hash(configured));

    private static bool IsRight(HttpRequest request, byte[] expected)
    {
        string? given = request.Headers[Header];
        // Hashes, so that neither the time nor the length of the comparison says anything of the token.
        return !string.IsNullOrEmpty(given) && CryptographicOperations.FixedTimeEquals(Hash(given), expected);
    }

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    private static Task Refuse(HttpContext context, bool isConfigured)
    {
        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        context.Response.ContentType = "application/problem+json";
        return context.Response.WriteAsync(isConfigured
            ? """{"type":"urn:dapr-voice:error:invalid_app_token","title":"This route takes calls from its own sidecar only.","status":401}"""
            : """{"type":"urn:dapr-voice:error:no_app_token","title":"This route is closed until APP_API_TOKEN is set for the service and its sidecar.","status":401}""",
            context.RequestAborted);
    }

    [LoggerMessage(1, LogLevel.Warning, "APP_API_TOKEN is not set: /internal answers 401 to everyone. Set it for this service and its sidecar")]
    private static partial void LogClosed(ILogger logger);
}

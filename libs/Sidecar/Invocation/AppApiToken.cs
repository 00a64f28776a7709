using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;

namespace Dapr.Voice.Sidecar;

/// <summary>
/// Distinguishes calls of our own sidecar from calls through the public ingress of the same port. The sidecar adds a token to every call to
/// us (<c>APP_API_TOKEN</c>), and it replaces a token that a caller sent (docs/dapr.md, point 10). Dapr.AspNetCore has a handler for this,
/// too. Its comparison takes a time that depends on the token, and it does not know the caller.
/// </summary>
public static class AppApiToken
{
    /// <summary>
    /// Answers 401 without a body to a call without the token, and to every call if no token is configured. It works for route handlers,
    /// groups and plain request delegates.
    /// </summary>
    public static TBuilder RequireAppApiToken<TBuilder>(this TBuilder builder) where TBuilder : IEndpointConventionBuilder
    {
        builder.Add(endpoint =>
        {
            if (endpoint.RequestDelegate is not { } next) return;
            endpoint.RequestDelegate = context =>
            {
                if (IsAllowed(context)) return next(context);
                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                return Task.CompletedTask;
            };
        });
        return builder;
    }

    /// <summary>Returns true if the call has the configured token.</summary>
    public static bool IsAllowed(HttpContext context)
    {
        SidecarOptions options = context.RequestServices.GetRequiredService<SidecarOptions>();
        if (options.AppApiToken is not { } token) return false;
        StringValues sent = context.Request.Headers[SidecarChannel.TokenHeader];
        return sent.Count == 1 && CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(sent[0] ?? ""), Encoding.UTF8.GetBytes(token));
    }

    /// <summary>
    /// Returns the app id of the caller from its sidecar, or null. It is the last value of the header: a caller can put values before it,
    /// but none after it (docs/dapr.md, point 10). Use it only behind <see cref="RequireAppApiToken"/>.
    /// </summary>
    public static string? CallerAppId(HttpContext context)
    {
        StringValues values = context.Request.Headers["dapr-caller-app-id"];
        string? last = values.Count == 0 ? null : values[^1];
        if (last is null) return null;
        string name = last[(last.LastIndexOf(',') + 1)..].Trim();
        return name.Length is > 0 and <= 200 ? name : null;
    }
}

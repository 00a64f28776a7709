using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;

namespace Dapr.Voice.Sidecar;

/// <summary>
/// Tells a call of our own sidecar from one that came in through the public ingress of the same port, by the token that the sidecar puts on
/// every call to us (<c>APP_API_TOKEN</c>). The sidecar replaces whatever token a caller sent by its own (docs/dapr.md, point 10).
/// Dapr.AspNetCore has a handler for it too, which compares in a time that depends on the token and does not know the caller.
/// </summary>
public static class AppApiToken
{
    /// <summary>
    /// Answers 401 without a body to a call without the token, and to every call where no token is configured. Works for route handlers,
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

    /// <summary>True if the call carries the token that is configured.</summary>
    public static bool IsAllowed(HttpContext context)
    {
        SidecarOptions options = context.RequestServices.GetRequiredService<SidecarOptions>();
        if (options.AppApiToken is not { } token) return false;
        StringValues sent = context.Request.Headers[SidecarChannel.TokenHeader];
        return sent.Count == 1 && CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(sent[0] ?? ""), Encoding.UTF8.GetBytes(token));
    }

    /// <summary>
    /// The app id of the caller as its sidecar names it, or null. It is the last value of the header: a caller can put values before it,
    /// but none after it (docs/dapr.md, point 10). It means something only behind <see cref="RequireAppApiToken"/>.
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

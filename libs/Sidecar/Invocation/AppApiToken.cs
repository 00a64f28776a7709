using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Dapr.Voice.Sidecar;

/// <summary>When a route wants to see the token that the sidecar puts on every call to us (<c>APP_API_TOKEN</c>).</summary>
public enum AppApiTokenRule
{
    /// <summary>Refused without a matching token, also where none is configured: for routes that act (<c>/internal</c>).</summary>
    Always,

    /// <summary>Open where none is configured: for routes that a sidecar without a token has to reach too (<c>/dapr</c>, events).</summary>
    WhenConfigured,
}

/// <summary>
/// Tells a call of our own sidecar from one that came in through the public ingress of the same port. The sidecar replaces whatever token a caller sent by its own
/// (docs/dapr.md, point 10).
/// </summary>
public static class AppApiToken
{
    /// <summary>401 without a body for a call without the token. Works for route handlers, groups and plain request delegates.</summary>
    public static TBuilder RequireAppApiToken<TBuilder>(this TBuilder builder, AppApiTokenRule rule = AppApiTokenRule.Always) where TBuilder : IEndpointConventionBuilder
    {
        builder.Add(endpoint =>
        {
            if (endpoint.RequestDelegate is not { } next) return;
            endpoint.RequestDelegate = context =>
            {
                if (IsAllowed(context, rule)) return next(context);
                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                return Task.CompletedTask;
            };
        });
        return builder;
    }

    /// <summary>True if the rule lets this call pass.</summary>
    public static bool IsAllowed(HttpContext context, AppApiTokenRule rule)
    {
        var options = context.RequestServices.GetRequiredService<SidecarOptions>();
        if (options.AppApiToken is not { } token) return rule == AppApiTokenRule.WhenConfigured;
        var sent = context.Request.Headers[SidecarConnection.TokenHeader];
        return sent.Count == 1 && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(sent[0] ?? ""), Encoding.UTF8.GetBytes(token));
    }

    /// <summary>
    /// App id of the caller by its sidecar's word, null without one. The last value: a caller can put values before it, not after
    /// (docs/dapr.md, point 10). Means something
    /// only behind <see cref="RequireAppApiToken"/>.
    /// </summary>
    public static string? CallerAppId(HttpContext context)
    {
        var values = context.Request.Headers["dapr-caller-app-id"];
        string? last = values.Count == 0 ? null : values[^1];
        if (last is null) return null;
        string name = last[(last.LastIndexOf(',') + 1)..].Trim();
        return name.Length is > 0 and <= 200 ? name : null;
    }
}

using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Dapr.Voice.Hosting;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.RateLimiting;

namespace Dapr.Voice.Signaling.Http;

/// <summary>
/// What runs before every route of the public API: the client's address behind trusted proxies, the cross-origin rules, and a rate limit
/// for each address. These are parts of the framework, and this file configures them. WebSockets are refused here, too.
/// </summary>
internal static class PublicApi
{
    private static readonly TimeSpan PreflightAge = TimeSpan.FromHours(2);

    /// <summary>The paths of the fleet itself: sidecars, probes, scalers and other services. Everything else is public.</summary>
    private static readonly string[] OwnPaths = [.. HealthEndpoints.Paths, "/scale", "/internal", "/dapr"];

    /// <summary>
    /// Returns true for each path that a stranger may ask for, also if there is nothing at it. A page can read the reason of a 404 only
    /// with the headers of CORS.
    /// </summary>
    public static bool Includes(HttpContext context) => !OwnPaths.Any(path => context.Request.Path.StartsWithSegments(path));

    public static IServiceCollection AddPublicApi(this IServiceCollection services)
    {
        // The framework uses the first writer that can write, and its own writer nearly always can. So this one has to come first.
        services.Insert(0, ServiceDescriptor.Singleton<IProblemDetailsWriter, ClientErrorWriter>());
        services.AddCors();
        services.AddRateLimiter(_ => { });
        services.AddSingleton<CallLimits>();
        services.AddOptions<CorsOptions>()
            .Configure<SignalingOptions>((cors, options) => cors.AddDefaultPolicy(policy => Allow(policy, options.EffectiveOrigins)));
        services.AddOptions<RateLimiterOptions>().Configure<SignalingOptions>(Limit);
        services.AddOptions<ForwardedHeadersOptions>().Configure<SignalingOptions>(Trust);
        return services;
    }

    /// <summary>Sets the client's address, before anything reads it.</summary>
    public static void UseClientAddress(this IApplicationBuilder app) => app.UseForwardedHeaders();

    /// <summary>Call it before everything that may answer a stranger, so that a page can read each answer.</summary>
    public static void UsePublicApi(this IApplicationBuilder app) => app.UseWhen(Includes, api =>
    {
        api.Use(AnswerOptions);
        api.UseCors();
        api.Use(RefuseWebSockets);
    });

    /// <summary>Limits the requests of each address. Call it after the page, whose files are many and cheap.</summary>
    public static void UseRequestLimit(this IApplicationBuilder app) => app.UseWhen(Includes, api => api.UseRateLimiter());

    /// <summary>
    /// Pages of other origins are the normal case. They may send any header, because client libraries add their own headers, and a
    /// preflight that does not allow one of them blocks the call. Nothing is authenticated by a cookie.
    /// </summary>
    private static void Allow(CorsPolicyBuilder policy, IReadOnlyList<string> origins)
    {
        if (origins.Contains("*")) policy.AllowAnyOrigin();
        // This is a set and not WithOrigins. With a single origin, WithOrigins would not say that the answer depends on the origin (Vary).
        else policy.SetIsOriginAllowed(new HashSet<string>(origins, StringComparer.OrdinalIgnoreCase).Contains);
        policy.AllowAnyHeader().WithMethods("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
            .WithExposedHeaders("Location", "ETag", "Link", "Retry-After", "retry-after-ms", "Access-Control-Allow-Methods")
            .SetPreflightMaxAge(PreflightAge);
    }

    /// <summary>
    /// A token bucket for each client address, so that one caller cannot use up what others need. Each process has its own buckets, which
    /// is enough, because they protect the process.
    /// </summary>
    private static void Limit(RateLimiterOptions limiter, SignalingOptions options)
    {
        if (options.RequestsPerSecondPerAddress == 0) return;
        limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, IPAddress>(context => RateLimitPartition.GetTokenBucketLimiter(
            Block(context.Connection.RemoteIpAddress ?? IPAddress.None),
            _ => new TokenBucketRateLimiterOptions
            {
                TokenLimit = options.RequestBurstPerAddress,
                TokensPerPeriod = options.RequestsPerSecondPerAddress,
                ReplenishmentPeriod = TimeSpan.FromSeconds(1),
                QueueLimit = 0,
            }));
        limiter.OnRejected = (rejected, _) =>
        {
            return new(ApiError.TooManyRequests("requests from this address", WaitOf(rejected.Lease)).ExecuteAsync(rejected.HttpContext));
        };
    }

    /// <summary>How long a caller has to wait whom a limit refused.</summary>
    internal static TimeSpan WaitOf(RateLimitLease lease)
        => lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan known) ? known : TimeSpan.FromSeconds(1);

    /// <summary>
    /// Reads the client's address as the outermost trusted proxy saw it. Addresses that the client itself wrote into X-Forwarded-For stand
    /// further left and are not read. The setting is the number of trusted proxies and not their addresses, because Container Apps does not
    /// promise addresses.
    /// </summary>
    private static void Trust(ForwardedHeadersOptions forwarded, SignalingOptions options)
    {
        forwarded.ForwardedHeaders = options.TrustedProxies == 0 ? ForwardedHeaders.None : ForwardedHeaders.XForwardedFor;
        forwarded.ForwardLimit = Math.Max(1, options.TrustedProxies);
        forwarded.KnownProxies.Clear();
        forwarded.KnownIPNetworks.Clear();
    }

    /// <summary>
    /// Answers OPTIONS requests. A preflight carries no key and does not count against the limit. WHIP clients ask by OPTIONS what they may
    /// post (RFC 9725, section 4.2).
    /// </summary>
    private static Task AnswerOptions(HttpContext context, RequestDelegate next)
    {
        if (!HttpMethods.IsOptions(context.Request.Method)) return next(context);
        context.Response.Headers["Accept-Post"] = "application/sdp";
        if (context.Request.Headers.AccessControlRequestMethod.Count > 0) return next(context);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    /// <summary>
    /// Refuses WebSockets in words. There is none here, and a client of the Realtime API over WebSocket would see a bare 404.
    /// </summary>
    private static Task RefuseWebSockets(HttpContext context, RequestDelegate next)
        => context.Request.Headers.Upgrade.Any(protocol => string.Equals(protocol, "websocket", StringComparison.OrdinalIgnoreCase))
            ? ApiError.Invalid("websocket_not_supported", "There is no WebSocket here. A call is WebRTC: send the offer by POST "
                + "/v1/realtime/calls.").ExecuteAsync(context)
            : next(context);

    /// <summary>
    /// Returns the block of addresses that share one limit. It is a whole /64 for IPv6, because one subscriber has that many addresses.
    /// </summary>
    internal static IPAddress Block(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;
        byte[] bytes = address.GetAddressBytes();
        Array.Clear(bytes, 8, 8);
        return new(bytes);
    }
}

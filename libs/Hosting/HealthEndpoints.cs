using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Dapr.Voice.Hosting;

public static class HealthEndpoints
{
    /// <summary>
    /// <c>GET /healthz</c>: the process serves (200). <c>GET /readyz</c>: it takes new work (200), or 503 and why not.
    /// A process that is stopping is alive and not ready, so that balancers leave it in time.
    /// </summary>
    /// <param name="missing">What the service still lacks, in words for an operator; empty means ready. Called per request: keep it cheap.</param>
    public static IEndpointRouteBuilder MapHealth(this IEndpointRouteBuilder endpoints, Func<IEnumerable<string>> missing)
    {
        IHostApplicationLifetime lifetime = endpoints.ServiceProvider.GetRequiredService<IHostApplicationLifetime>();
        endpoints.MapMethods("/healthz", ["GET", "HEAD"], () => Results.Json(new HealthReport("live", null), HealthJson.Default.HealthReport));
        endpoints.MapMethods("/readyz", ["GET", "HEAD"], () =>
        {
            string[] reasons = lifetime.ApplicationStopping.IsCancellationRequested ? ["stopping"] : [.. missing()];
            return reasons.Length == 0
                ? Results.Json(new HealthReport("ready", null), HealthJson.Default.HealthReport)
                : Results.Json(new HealthReport("not_ready", reasons), HealthJson.Default.HealthReport, statusCode: StatusCodes.Status503ServiceUnavailable);
        });
        return endpoints;
    }
}

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Dapr.Voice.Hosting;

public static class HealthEndpoints
{
    /// <summary>Paths that a probe asks; no gate of ours may stand before them.</summary>
    public static readonly IReadOnlyList<string> Paths = ["/startupz", "/healthz", "/readyz"];

    /// <summary>Registers what the three endpoints ask: <see cref="StartupState"/>, <see cref="LoopWatch"/>, and <see cref="FleetKeyLoader"/>, which tells the first.</summary>
    public static IServiceCollection AddHealth(this IServiceCollection services)
        => services.AddSingleton<StartupState>().AddSingleton<LoopWatch>().AddSingleton<FleetKeyLoader>();

    /// <summary>
    /// <c>GET /startupz</c>: it has what it starts with, sidecar and keys (200), or 503 and what it waits for; once 200, always 200.
    /// <c>GET /healthz</c>: the process serves (200); 503 names a loop that stands still, which only another process cures.
    /// <c>GET /readyz</c>: it takes new work (200), or 503 and why not. A process that is stopping is alive and not ready, so that balancers leave it in time.
    /// </summary>
    /// <param name="missing">What the service still lacks, in words for an operator; empty means ready. Called per request: keep it cheap.</param>
    public static IEndpointRouteBuilder MapHealth(this IEndpointRouteBuilder endpoints, Func<IEnumerable<string>> missing)
    {
        IHostApplicationLifetime lifetime = endpoints.ServiceProvider.GetRequiredService<IHostApplicationLifetime>();
        StartupState startup = endpoints.ServiceProvider.GetRequiredService<StartupState>();
        LoopWatch loops = endpoints.ServiceProvider.GetRequiredService<LoopWatch>();
        Map("/startupz", "started", "starting", () => startup.WaitingFor is { } what ? [what] : []);
        Map("/healthz", "live", "stuck", () => [.. loops.Stuck().Select(loop => $"{loop} stands still")]);
        Map("/readyz", "ready", "not_ready", () => lifetime.ApplicationStopping.IsCancellationRequested ? ["stopping"] : [.. missing()]);
        return endpoints;

        void Map(string path, string good, string bad, Func<string[]> reasons) => endpoints.MapMethods(path, ["GET", "HEAD"], () =>
        {
            string[] found = reasons();
            return found.Length == 0
                ? Results.Json(new HealthReport(good, null), HealthJson.Default.HealthReport)
                : Results.Json(new HealthReport(bad, found), HealthJson.Default.HealthReport, statusCode: StatusCodes.Status503ServiceUnavailable);
        });
    }
}

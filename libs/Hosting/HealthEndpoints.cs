using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Dapr.Voice.Hosting;

/// <summary>The three probes of a service, answered by the framework's health checks in our words.</summary>
public static class HealthEndpoints
{
    private const string Startup = "startup", Live = "live", Ready = "ready";

    /// <summary>Paths that a probe asks. No gate of ours may stand before them.</summary>
    public static readonly IReadOnlyList<string> Paths = ["/startupz", "/healthz", "/readyz"];

    /// <summary>
    /// Registers the checks and what they ask: <see cref="StartupState"/>, <see cref="LoopWatch"/>, and what <see cref="AddReadiness"/>
    /// adds.
    /// </summary>
    internal static IServiceCollection AddHealth(this IServiceCollection services)
    {
        services.AddSingleton<StartupState>().AddSingleton<LoopWatch>();
        services.AddHealthChecks()
            .Add(Registration(Startup, s => s.GetRequiredService<StartupState>().WaitingFor is { } what ? [what] : []))
            .Add(Registration(Live, s => s.GetRequiredService<LoopWatch>().Stuck().Select(loop => $"{loop} stands still")))
            .Add(Registration(Ready, MissingForReadiness));
        return services;
    }

    /// <summary>Says what the service still lacks before it can take new work.</summary>
    /// <param name="missing">Words for an operator; empty means ready. It is called for each probe, so it has to be cheap.</param>
    public static IServiceCollection AddReadiness<T>(this IServiceCollection services, Func<T, IEnumerable<string>> missing)
        where T : notnull
        => services.AddSingleton(provider => new Readiness(() => missing(provider.GetRequiredService<T>())));

    /// <summary>
    /// Maps the probes. <c>GET /startupz</c> answers 200 once the service has what it starts with (the sidecar and the keys), and stays at
    /// 200; before, it answers 503 and what the service waits for. <c>GET /healthz</c> answers 200 while the process serves; 503 names a
    /// loop that stands still, which only another process cures. <c>GET /readyz</c> answers 200 while the service takes new work, else 503
    /// and why not. A process that is stopping is live and not ready, so that balancers leave it in time.
    /// </summary>
    public static IEndpointRouteBuilder MapHealth(this IEndpointRouteBuilder endpoints)
    {
        Map("/startupz", Startup, "started", "starting");
        Map("/healthz", Live, "live", "stuck");
        Map("/readyz", Ready, "ready", "not_ready");
        return endpoints;

        void Map(string path, string check, string good, string bad) => endpoints.MapHealthChecks(path, new HealthCheckOptions
        {
            Predicate = registration => registration.Name == check,
            ResponseWriter = (context, report) => WriteAsync(context, report, good, bad),
        });
    }

    private static HealthCheckRegistration Registration(string name, Func<IServiceProvider, IEnumerable<string>> reasons)
        => new(name, services => new ReasonsCheck(() => reasons(services)), HealthStatus.Unhealthy, tags: null);

    private static IEnumerable<string> MissingForReadiness(IServiceProvider services)
        => services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested
            ? ["stopping"]
            : services.GetServices<Readiness>().SelectMany(readiness => readiness.Missing());

    private static Task WriteAsync(HttpContext context, HealthReport report, string good, string bad)
    {
        string[] reasons = [.. report.Entries.Values.SelectMany(ReasonsCheck.Of)];
        var answer = new ProbeAnswer(report.Status == HealthStatus.Healthy ? good : bad, reasons.Length == 0 ? null : reasons);
        return context.Response.WriteAsJsonAsync(answer, ProbeJson.Default.ProbeAnswer, cancellationToken: context.RequestAborted);
    }

    private sealed class Readiness(Func<IEnumerable<string>> missing)
    {
        public IEnumerable<string> Missing() => missing();
    }

    /// <summary>A check that fails where there is a reason.</summary>
    private sealed class ReasonsCheck(Func<IEnumerable<string>> reasons) : IHealthCheck
    {
        private const string Reasons = "reasons";

        public static IEnumerable<string> Of(HealthReportEntry entry)
            => entry.Data.TryGetValue(Reasons, out object? found) ? (string[])found : entry.Exception is null ? []
            : ["the check itself failed"];

        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            string[] found = [.. reasons()];
            return Task.FromResult(found.Length == 0
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy(string.Join("; ", found), data: new Dictionary<string, object> { [Reasons] = found }));
        }
    }
}

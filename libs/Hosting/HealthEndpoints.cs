using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Dapr.Voice.Hosting;

/// <summary>The three probes of a service. The framework's health checks answer them, with our texts.</summary>
public static class HealthEndpoints
{
    private const string Startup = "startup", Live = "live", Ready = "ready";

    private static readonly ProbeJson Json = new(ReadableJson.OptionsOf(ProbeJson.Default));

    /// <summary>The paths of the probes. No access check may apply to them.</summary>
    public static readonly IReadOnlyList<string> Paths = ["/startupz", "/healthz", "/readyz"];

    /// <summary>
    /// Registers the health checks and what they use: <see cref="StartupState"/>, <see cref="LoopWatch"/>, and the reasons that <see
    /// cref="AddReadiness"/> adds.
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

    /// <summary>Adds a readiness check.</summary>
    /// <param name="missing">Returns what the service needs before it can accept new work, in words for an operator. Empty if it is ready.
    /// It is called for each probe, so it must be fast.</param>
    public static IServiceCollection AddReadiness<T>(this IServiceCollection services, Func<T, IEnumerable<string>> missing)
        where T : notnull
        => services.AddSingleton(provider => new Readiness(() => missing(provider.GetRequiredService<T>())));

    /// <summary>
    /// Maps the probes. <c>GET /startupz</c> answers 503 with what the service waits for. As soon as the service has the sidecar and the
    /// keys, it answers 200, and never 503 again. <c>GET /healthz</c> answers 200 while the process serves, and 503 with the name of a loop
    /// that is stuck; only a new process repairs that. <c>GET /readyz</c> answers 200 while the service accepts new work, otherwise 503
    /// with the reasons. A process that is stopping is live but not ready, so that load balancers stop using it in time.
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
        return context.Response.WriteAsJsonAsync(answer, Json.ProbeAnswer, cancellationToken: context.RequestAborted);
    }

    private sealed class Readiness(Func<IEnumerable<string>> missing)
    {
        public IEnumerable<string> Missing() => missing();
    }

    /// <summary>A check that fails if there is a reason.</summary>
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

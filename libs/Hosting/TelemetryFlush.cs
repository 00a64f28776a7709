using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Dapr.Voice.Hosting;

/// <summary>
/// Sends the last telemetry after everything else has stopped. Without this, the providers are disposed one after the other, and each waits
/// five seconds for a collector that is unavailable. That is longer than the platform waits for the process to stop.
/// </summary>
internal sealed class TelemetryFlush(IServiceProvider services) : IHostedLifecycleService
{
    private const int LimitMilliseconds = 1000;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.WhenAll(
        Task.Run(() => services.GetService<TracerProvider>()?.Shutdown(LimitMilliseconds), CancellationToken.None),
        Task.Run(() => services.GetService<MeterProvider>()?.Shutdown(LimitMilliseconds), CancellationToken.None),
        Task.Run(() => services.GetService<LoggerProvider>()?.Shutdown(LimitMilliseconds), CancellationToken.None));
}

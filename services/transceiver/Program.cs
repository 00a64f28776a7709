using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;

namespace Dapr.Voice.Transceiver;

/// <summary>Builds the transceiver from its parts. Tests create it in their own process.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) => ServiceProcess.RunAsync(() => Create(args));

    /// <inheritdoc cref="ServiceHost.CreateBuilder"/>
    /// <exception cref="ServiceException">A setting is wrong, a port is taken, or OpenSSL is not installed.</exception>
    public static WebApplication Create(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        // The web server stops first. A request that hangs must not use up the time of the drain, which has its own limits.
        WebApplicationBuilder builder = ServiceHost.CreateBuilder(args, stopWithin: TimeSpan.FromMilliseconds(500), configure);
        builder.AddFleet();
        TransceiverOptions options = builder.AddServiceOptions<TransceiverOptions>();
        builder.AddVoiceTelemetry(AppIds.Transceiver(options.Shard), Environment.MachineName);
        builder.Services.AddRunning<TransceiverHost>();
        builder.Services.AddSingleton<TransceiverMetrics>();
        builder.Services.AddReadiness<TransceiverHost>(host => host.Missing());

        WebApplication app = builder.BuildService();
        app.Services.GetRequiredService<TransceiverMetrics>();
        // Opens the ports before anything starts, so that a taken port ends the process with one sentence.
        app.Services.GetRequiredService<TransceiverHost>().Bind();
        app.UseErrorAnswers();
        app.MapHealth();
        app.MapInternal();
        return app;
    }
}

using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Relay.Steering;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Udp;

namespace Dapr.Voice.Relay;

/// <summary>Builds the service; also for tests, which run it in process.</summary>
internal static class RelayApplication
{
    /// <summary>Another process has our port: not a setting that is wrong in itself, so not <see cref="ServiceProcess.BadSettingsExitCode"/>.</summary>
    public const int PortTakenExitCode = 1;

    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            return await ServiceProcess.RunAsync(() => Create(args)) is var code and not 0 ? code : Environment.ExitCode;
        }
        catch (PortBindException e)
        {
            await Console.Error.WriteLineAsync($"{e.Message} Free it, or set Relay__PublicEndpoint, Relay__PublicTcpEndpoint or Relay__LinkAddress.");
            return PortTakenExitCode;
        }
        catch (PlatformNotSupportedException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return PortTakenExitCode;
        }
    }

    /// <param name="configure">Replaces what a test has its own of.</param>
    /// <exception cref="SettingsException">A setting is wrong.</exception>
    /// <exception cref="PortBindException">A port is taken.</exception>
    public static WebApplication Create(string[] args, Action<IServiceCollection>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        builder.Logging.AddVoiceLogging(builder.Configuration);
        var options = builder.Services.AddServiceOptions<RelayOptions>(builder.Configuration);
        options.OpenFiles = OpenFileLimit.Read();
        builder.Services.AddServiceOptions<FleetOptions>(builder.Configuration);
        builder.Services.AddSidecar();
        builder.Services.AddHealth();
        builder.Services.AddSingleton(RelaySockets.Open(options));
        builder.Services.AddSingleton<RelayMetrics>();
        builder.Services.AddSingleton<TransceiverDirectory>();
        builder.Services.AddSingleton<RelayService>();
        builder.Services.AddHostedService(services => services.GetRequiredService<RelayService>());
        builder.Services.AddHostedService<TransceiverDiscovery>();
        builder.AddVoiceTelemetry(AppIds.Relay, options.Id);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));

        configure?.Invoke(builder.Services);

        var app = builder.Build();
        var relay = app.Services.GetRequiredService<RelayService>();
        app.MapHealth(relay.Missing);
        app.MapGet("/internal/v1/stats", async () => Results.Json(await relay.GetStatsAsync(), RelayJson.Default.RelayStats)).RequireAppApiToken();
        return app;
    }
}

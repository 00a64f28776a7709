using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Transceiver;

TransceiverHost? host = null;
int exitCode = await ServiceProcess.RunAsync(() =>
{
    WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(args);
    builder.Logging.AddVoiceLogging(builder.Configuration);
    builder.Services.AddServiceOptions<FleetOptions>(builder.Configuration);
    TransceiverOptions options = builder.Services.AddServiceOptions<TransceiverOptions>(builder.Configuration);
    builder.Services.AddSidecar();
    builder.Services.AddHealth();
    builder.Services.AddProblemDetails();
    // For the web server, which stops first: a request that hangs must not take the time of the drain. The drain keeps its own limits.
    builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromMilliseconds(500));
    builder.Services.AddSingleton<TransceiverHost>();
    builder.Services.AddSingleton<TransceiverMetrics>();
    builder.Services.AddHostedService(services => services.GetRequiredService<TransceiverHost>());
    builder.AddVoiceTelemetry(AppIds.Transceiver(options.Shard), Environment.MachineName);

    WebApplication app = builder.Build();
    host = app.Services.GetRequiredService<TransceiverHost>();
    host.Bind();
    app.Services.GetRequiredService<TransceiverMetrics>();
    app.MapHealth(host.Missing);
    app.MapInternal();
    return app;
});
if (host is { HasStalled: true }) return ServiceProcess.FaultExitCode;
if (host?.Failure is not { } failure) return exitCode;
await Console.Error.WriteLineAsync(failure.Message);
return ServiceProcess.BadSettingsExitCode;

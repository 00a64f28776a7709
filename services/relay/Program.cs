using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Relay.Steering;
using Dapr.Voice.Relay.Succession;
using Dapr.Voice.Udp;

namespace Dapr.Voice.Relay;

/// <summary>Builds the relay from its parts. Tests create it in their own process.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args)
        => ServiceProcess.RunAsync(() => Succeed(args), app => app.Services.GetRequiredService<RelayService>().Prepare());

    /// <summary>Takes what another process of this relay has left, if there was one.</summary>
    private static WebApplication Succeed(string[] args)
    {
        var inherited = InheritedSockets.Find(Environment.GetEnvironmentVariable, Environment.ProcessId);
        var legacy = Legacy.Open(inherited.Memory);
        // Until a restarted relay is up, every call is silent. Threads that start later inherit this; those of a relay have little to do. A
        // process that only stands by starts beside the calls of the relay, so it takes no priority.
        if (legacy.TrySucceed()) MediaThread.TryRaise();
        return Create(args, inherited: inherited, legacy: legacy);
    }

    /// <inheritdoc cref="ServiceHost.CreateBuilder"/>
    /// <exception cref="ServiceException">A setting is wrong, a port is taken, or OpenSSL is not installed.</exception>
    public static WebApplication Create(
        string[] args, Action<WebApplicationBuilder>? configure = null, InheritedSockets? inherited = null, Legacy? legacy = null)
    {
        WebApplicationBuilder builder = ServiceHost.CreateBuilder(args, stopWithin: TimeSpan.FromSeconds(1), configure);
        builder.AddFleet();
        RelayOptions options = builder.AddServiceOptions<RelayOptions>();
        builder.Services.PostConfigure<RelayOptions>(relay => relay.OpenFiles = OpenFiles.Limit());
        builder.AddVoiceTelemetry(AppIds.Relay, options.Id);
        builder.Services.AddSingleton(services => RelaySockets.Open(services.GetRequiredService<RelayOptions>(), inherited));
        builder.Services.AddSingleton(legacy ?? Legacy.Open(null));
        builder.Services.AddSingleton<RelayMetrics>();
        builder.Services.AddSingleton<TransceiverDirectory>();
        builder.Services.AddRunning<RelayService>();
        builder.Services.AddRunning<TransceiverDiscovery>();
        builder.Services.AddReadiness<RelayService>(relay => relay.Missing());

        WebApplication app = builder.BuildService();
        // Opens the ports before anything starts, so that a taken port ends the process with one sentence.
        app.Services.GetRequiredService<IReadOnlyList<RelaySockets>>();
        app.UseErrorAnswers();
        app.MapHealth();
        app.MapRelayStats();
        return app;
    }
}

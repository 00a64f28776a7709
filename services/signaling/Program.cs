using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Signaling.Http;
using Dapr.Voice.Signaling.Internal;
using Dapr.Voice.Signaling.Keys;
using Dapr.Voice.Signaling.Page;
using Dapr.Voice.Signaling.Placement;
using Dapr.Voice.Signaling.Realtime;
using Dapr.Voice.Signaling.Sessions;

namespace Dapr.Voice.Signaling;

/// <summary>Builds signaling from its parts. Tests create it in their own process.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) => ServiceProcess.RunAsync(() => Create(args));

    /// <inheritdoc cref="ServiceHost.CreateBuilder"/>
    /// <exception cref="ServiceException">A setting is wrong, or OpenSSL is not installed.</exception>
    public static WebApplication Create(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        // A platform that stops the service waits five seconds. The last events are published after the requests, through a sidecar that
        // has no more time than that.
        WebApplicationBuilder builder = ServiceHost.CreateBuilder(args, stopWithin: TimeSpan.FromSeconds(2.5), configure);
        builder.AddFleet();
        builder.AddServiceOptions<SignalingOptions>();
        builder.Services.AddSingleton(ServiceInstance.OfThisProcess);
        builder.AddVoiceTelemetry(AppIds.Signaling, ServiceInstance.OfThisProcess.Name);
        builder.Services.AddSingleton<SignalingMetrics>();
        builder.Services.AddPublicApi();
        builder.Services.AddWebPage();
        builder.Services.AddRunning<KeyLoader>();
        builder.Services.AddRunning<FleetDirectory>();
        builder.Services.AddRunning<UnclaimedSessions>();
        builder.Services.AddRunning<OwnerPush>();
        builder.Services.AddRunning<LifecyclePublisher>();
        builder.Services.AddRunning<RecordEnder>();
        builder.Services.AddSingleton<KnownTransceivers>();
        builder.Services.AddSingleton<ReservedIds>();
        builder.Services.AddSingleton<SessionLookup>();
        builder.Services.AddSingleton<Authenticator>();
        builder.Services.AddSingleton<AgentChoice>();
        builder.Services.AddSingleton<AnswerWriter>();
        builder.Services.AddSingleton<SessionFactory>();
        builder.Services.AddSingleton<SessionRestarter>();
        builder.Services.AddSingleton<SessionOwners>();
        builder.Services.AddSingleton<SessionEnder>();
        builder.Services.AddSingleton<SessionReader>();
        builder.Services.AddSingleton<ClientSecrets>();
        builder.Services.AddSingleton<RealtimeEndpoints>();
        builder.Services.AddSingleton<InternalEndpoints>();
        builder.Services.AddSingleton<DemoEndpoints>();
        builder.Services.AddReadiness<KeyLoader>(keys => keys.Missing());
        builder.Services.AddReadiness<FleetDirectory>(fleet => fleet.Missing());

        WebApplication app = builder.BuildService();
        app.UseClientAddress();
        app.UseErrorAnswers();
        app.UsePublicApi();
        app.UseFrontDoorGate();
        app.UseWebPage();
        app.UseRequestLimit();
        app.UseRouting();
        app.MapHealth();
        app.MapShardDemand();
        app.Services.GetRequiredService<RealtimeEndpoints>().Map(app);
        app.Services.GetRequiredService<InternalEndpoints>().Map(app);
        app.Services.GetRequiredService<DemoEndpoints>().Map(app);
        return app;
    }
}

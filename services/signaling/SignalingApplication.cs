using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Signaling.Http;
using Dapr.Voice.Signaling.Internal;
using Dapr.Voice.Signaling.Keys;
using Dapr.Voice.Signaling.Page;
using Dapr.Voice.Signaling.Placement;
using Dapr.Voice.Signaling.Realtime;
using Dapr.Voice.Signaling.Sessions;

namespace Dapr.Voice.Signaling;

/// <summary>The service put together: services, then routes.</summary>
internal static class SignalingApplication
{
    // For requests. Whoever stops us gives five seconds, and the sidecar, through which the last events leave after them, no more than that.
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(2.5);

    /// <param name="configure">First word on configuration and services, for a host other than the process itself.</param>
    /// <param name="logging">Last word on logging.</param>
    /// <exception cref="SettingsException">A setting is wrong.</exception>
    public static WebApplication Create(string[] args, Action<WebApplicationBuilder>? configure = null, Action<ILoggingBuilder>? logging = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(args);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // Each route reads up to its own, smaller limit; this one stops what no route reads.
            kestrel.Limits.MaxRequestBodySize = 1024 * 1024;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        });
        configure?.Invoke(builder);
        IServiceCollection services = builder.Services;
        builder.Logging.AddVoiceLogging(builder.Configuration);
        logging?.Invoke(builder.Logging);
        services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        services.AddServiceOptions<FleetOptions>(builder.Configuration);
        SignalingOptions options = services.AddServiceOptions<SignalingOptions>(builder.Configuration);
        services.AddSidecar();
        services.AddHealth();
        services.AddSingleton(ServiceInstance.OfThisProcess);
        builder.AddVoiceTelemetry(AppIds.Signaling, ServiceInstance.OfThisProcess.Name);
        services.AddSingleton<SignalingMetrics>();
        services.AddSingleton<Authenticator>();
        services.AddSingleton<AgentChoice>();
        services.AddSingleton<SessionFactory>();
        services.AddSingleton<SessionEnder>();
        services.AddSingleton<SessionReader>();
        services.AddSingleton<ClientSecrets>();
        services.AddSingleton<RealtimeCors>();
        services.AddSingleton<ErrorBoundary>();
        services.AddSingleton<AddressLimiter>();
        services.AddSingleton<RealtimeEndpoints>();
        services.AddSingleton<InternalEndpoints>();
        services.AddSingleton<DemoEndpoints>();
        services.AddWebPage();
        services.AddRunning<KeyLoader>();
        services.AddRunning<FleetDirectory>();
        services.AddRunning<UnclaimedSessions>();
        services.AddRunning<OwnerPush>();
        services.AddRunning<LifecyclePublisher>();

        WebApplication app = builder.Build();
        if (options.DemoPage) SignalingLog.DemoIsOpen(app.Logger);

        app.UseFrontDoorGate(options);
        app.UseWhen(IsPublicApi, api =>
        {
            api.Use(app.Services.GetRequiredService<RealtimeCors>().InvokeAsync);
            api.Use(app.Services.GetRequiredService<ErrorBoundary>().InvokeAsync);
            api.Use(app.Services.GetRequiredService<AddressLimiter>().InvokeAsync);
        });
        app.UseWhen(IsInternalApi, api => api.Use(app.Services.GetRequiredService<ErrorBoundary>().InvokeAsync));
        app.UseWebPage(options);
        app.UseRouting();
        app.MapHealth(() => Missing(app.Services));
        app.MapGet("/scale/shards", (FleetDirectory fleet) => fleet.Current is { } snapshot
            ? Results.Json(ShardDemand.Of(snapshot), PlacementJson.Default.ShardDemand)
            : Results.StatusCode(StatusCodes.Status503ServiceUnavailable));
        app.Services.GetRequiredService<RealtimeEndpoints>().Map(app);
        app.Services.GetRequiredService<InternalEndpoints>().Map(app);
        app.Services.GetRequiredService<DemoEndpoints>().Map(app);
        return app;
    }

    private static bool IsPublicApi(HttpContext context) => context.Request.Path.StartsWithSegments("/v1") || context.Request.Path.StartsWithSegments("/demo");

    private static bool IsInternalApi(HttpContext context) => context.Request.Path.StartsWithSegments("/internal");

    private static IEnumerable<string> Missing(IServiceProvider services)
    {
        if (services.GetRequiredService<KeyLoader>().Current is null) yield return "keys are not loaded";
        FleetSnapshot? fleet = services.GetRequiredService<FleetDirectory>().Current;
        if (fleet is null) yield return "fleet records cannot be read";
        else if (!fleet.Owners.Any(owner => owner.HasRoom)) yield return fleet.Owners.Count == 0 ? "no transceiver owns a slot" : "no transceiver has room";
    }

    private static void AddRunning<T>(this IServiceCollection services) where T : class, IHostedService
        => services.AddSingleton<T>().AddHostedService(provider => provider.GetRequiredService<T>());
}

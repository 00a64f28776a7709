using Dapr.Voice.Sidecar;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Dapr.Voice.Hosting;

/// <summary>What every service is put together from, in the order of its Program.cs.</summary>
public static class ServiceHost
{
    /// <summary>A builder with logging, limits of the web server, health, problem details and <see cref="ServiceExit"/>.</summary>
    /// <param name="stopWithin">How long requests that are being answered may take after SIGTERM. What a service does after them has limits
    /// of its own.</param>
    /// <param name="configure">What a test or another host changes. It comes before everything that the service itself adds.</param>
    public static WebApplicationBuilder CreateBuilder(string[] args, TimeSpan stopWithin, Action<WebApplicationBuilder>? configure = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(args);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // Each route reads up to a smaller limit of its own. This one ends bodies that no route reads.
            kestrel.Limits.MaxRequestBodySize = 1024 * 1024;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        });
        builder.Logging.AddVoiceLogging(builder.Configuration);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = stopWithin);
        builder.Services.AddSingleton<ServiceExit>();
        configure?.Invoke(builder);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddHealth();
        builder.Services.AddErrorAnswers();
        return builder;
    }

    /// <summary>
    /// What a service of the fleet has beyond any other: <see cref="FleetOptions"/>, the ports to the sidecar, and the loader of the
    /// fleet's keys.
    /// </summary>
    public static FleetOptions AddFleet(this WebApplicationBuilder builder)
    {
        builder.Services.AddSidecar();
        builder.Services.AddSingleton<FleetKeyLoader>();
        return builder.AddServiceOptions<FleetOptions>();
    }

    /// <summary>A singleton that the host starts and stops.</summary>
    public static IServiceCollection AddRunning<T>(this IServiceCollection services) where T : class, IHostedService
        => services.AddSingleton<T>().AddHostedService(provider => provider.GetRequiredService<T>());

    /// <summary>Builds the service and checks all of its settings. Nothing has been started and no port has been opened.</summary>
    /// <exception cref="SettingsException">Settings are wrong. The message names all of them.</exception>
    public static WebApplication BuildService(this WebApplicationBuilder builder)
    {
        WebApplication app = builder.Build();
        ServiceOptions.Check(app.Services);
        return app;
    }
}

using Dapr.Voice.Contracts;
using Dapr.Voice.Native;
using Dapr.Voice.Sidecar;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Dapr.Voice.Hosting;

/// <summary>The parts that every service is built from, in the order of its Program.cs.</summary>
public static class ServiceHost
{
    /// <summary>
    /// Creates a builder with logging, limits of the web server, health checks, problem details and <see cref="ServiceExit"/>.
    /// </summary>
    /// <param name="stopWithin">How long requests in progress may take after SIGTERM. What a service does after them has its own
    /// limits.</param>
    /// <param name="configure">Changes of a test or of another host. They are applied before everything that the service itself
    /// adds.</param>
    public static WebApplicationBuilder CreateBuilder(string[] args, TimeSpan stopWithin, Action<WebApplicationBuilder>? configure = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(args);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // Each route that reads a body has its own, smaller limit. This limit applies to bodies that no route reads.
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
    /// Adds what all services of the fleet have: <see cref="FleetOptions"/>, the clients of the sidecar, and the loader of the fleet's
    /// keys. Every such service needs OpenSSL. Without it, .NET's own cryptography would end the process once the keys are read.
    /// </summary>
    /// <exception cref="ServiceException">OpenSSL is not installed.</exception>
    public static FleetOptions AddFleet(this WebApplicationBuilder builder)
    {
        RequireLibraries(NativeLibraries.Crypto, NativeLibraries.Ssl);
        builder.Services.AddSidecar();
        builder.Services.AddSingleton<FleetKeyLoader>();
        return builder.AddServiceOptions<FleetOptions>();
    }

    /// <summary>Loads native libraries at start, so that a service without one ends at once and names the package.</summary>
    /// <param name="libraries">Constants of <see cref="NativeLibraries"/>.</param>
    /// <exception cref="ServiceException">A library is not installed. The exit code is <see cref="ExitCode.Failed"/>.</exception>
    public static void RequireLibraries(params ReadOnlySpan<string> libraries)
    {
        try
        {
            NativeLibraries.Require(libraries);
        }
        catch (MissingNativeLibraryException e)
        {
            throw new ServiceException(ExitCode.Failed, e.Message, e);
        }
    }

    /// <summary>Adds a singleton that the host starts and stops.</summary>
    public static IServiceCollection AddRunning<T>(this IServiceCollection services) where T : class, IHostedService
        => services.AddSingleton<T>().AddHostedService(provider => provider.GetRequiredService<T>());

    /// <summary>Builds the service and checks all its settings. It starts nothing and opens no port.</summary>
    /// <exception cref="SettingsException">Settings are wrong. The message names all of them.</exception>
    public static WebApplication BuildService(this WebApplicationBuilder builder)
    {
        WebApplication app = builder.Build();
        ServiceOptions.Check(app.Services);
        return app;
    }
}

using Dapr.Voice.Hosting;
using Dapr.Voice.LocalAgent.Hearing;
using Dapr.Voice.LocalAgent.Realtime;
using Dapr.Voice.LocalAgent.Speaking;
using Dapr.Voice.Native;

namespace Dapr.Voice.LocalAgent;

/// <summary>Builds the local agent from its parts. Tests create it in their own process.</summary>
internal static class Program
{
    private const string DefaultUrl = "http://127.0.0.1:8090";

    public static Task<int> Main(string[] args) => ServiceProcess.RunAsync(() => Create(args));

    /// <inheritdoc cref="ServiceHost.CreateBuilder"/>
    /// <exception cref="ServiceException">A setting is wrong, or a package is missing.</exception>
    public static WebApplication Create(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        ServiceHost.RequireLibraries(NativeLibraries.EspeakNg, NativeLibraries.SphinxBase, NativeLibraries.PocketSphinx);
        // Conversations end at once on SIGTERM. A request that hangs gets no more time than the platform waits.
        WebApplicationBuilder builder = ServiceHost.CreateBuilder(args, stopWithin: TimeSpan.FromSeconds(2), configure);
        if (!HasAddress(builder.Configuration)) builder.WebHost.UseUrls(DefaultUrl);
        builder.AddServiceOptions<LocalAgentOptions>();
        builder.Services.AddSingleton<SpeechSynthesizer>();
        builder.Services.AddSingleton<SpeechRecognizer>();
        builder.Services.AddSingleton<RealtimeEndpoint>();

        WebApplication app = builder.BuildService();
        // Loads the voice and the models now, so that the first caller does not wait for them.
        app.Services.GetRequiredService<SpeechSynthesizer>();
        app.Services.GetRequiredService<SpeechRecognizer>();
        app.Services.GetRequiredService<StartupState>().Complete();
        app.UseErrorAnswers();
        app.UseWebSockets();
        app.MapHealth();
        app.MapGet("/v1/realtime", (HttpContext context, RealtimeEndpoint endpoint) => endpoint.HandleAsync(context));
        return app;
    }

    /// <summary>A container sets only a port (ASPNETCORE_HTTP_PORTS). An address set by UseUrls would override it.</summary>
    private static bool HasAddress(IConfiguration configuration)
        => !string.IsNullOrEmpty(configuration["urls"]) || !string.IsNullOrEmpty(configuration["http_ports"]);
}

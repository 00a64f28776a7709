using Dapr.Voice.LocalAgent.Hearing;
using Dapr.Voice.LocalAgent.Realtime;
using Dapr.Voice.LocalAgent.Speaking;
using Dapr.Voice.Native;

namespace Dapr.Voice.LocalAgent;

/// <summary>Puts the process together; tests start the same in their own.</summary>
internal static class LocalAgentHost
{
    private const string DefaultUrl = "http://127.0.0.1:8090";

    public static WebApplication Build(string[] args, TimeProvider? time = null)
    {
        NativeLibraries.Require(NativeLibraries.EspeakNg, NativeLibraries.SphinxBase, NativeLibraries.PocketSphinx);
        var builder = WebApplication.CreateSlimBuilder(args);
        var options = builder.Configuration.GetSection("LocalAgent").Get<LocalAgentOptions>() ?? new LocalAgentOptions();
        options.Validate();
        // A container names a port only (ASPNETCORE_HTTP_PORTS), which loses against an address that is set here.
        if (string.IsNullOrEmpty(builder.Configuration["urls"]) && string.IsNullOrEmpty(builder.Configuration["http_ports"])) builder.WebHost.UseUrls(DefaultUrl);
        // A line for each request is noise; conversations log their own begin and end.
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        // Conversations end at once; a request that hangs is not waited for longer than whoever stops us waits.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.Services.AddSingleton<SpeechSynthesizer>();
        builder.Services.AddSingleton<SpeechRecognizer>();
        builder.Services.AddSingleton<RealtimeEndpoint>();
        var app = builder.Build();
        // Loads voice and models now: a missing package stops the start, and the first caller does not wait for them.
        app.Services.GetRequiredService<SpeechSynthesizer>();
        app.Services.GetRequiredService<SpeechRecognizer>();
        app.UseWebSockets();
        app.MapGet("/healthz", () => Results.Ok());
        app.MapGet("/readyz", () => Results.Ok());
        app.MapGet("/v1/realtime", (HttpContext context, RealtimeEndpoint endpoint) => endpoint.HandleAsync(context));
        return app;
    }
}

using Dapr.Voice.DevSidecar.Components;
using Dapr.Voice.DevSidecar.Resources;
using Grpc.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Dapr.Voice.DevSidecar.Apps;

/// <summary>The sidecar of one app id: its two ports, what the app can reach through them, and the subscriptions of the app.</summary>
internal sealed class AppSidecar : IAsyncDisposable
{
    private readonly Func<AppSidecar, Task> _shutdown;
    private readonly AppSubscriptions? _subscriptions;
    private LoopbackServer? _http;
    private LoopbackServer? _grpc;

    public AppSidecar(AppSpec spec, DevSidecarOptions options, SharedComponents components,
        Func<AppSidecar, Task> shutdown, Action<string> note)
    {
        Id = spec.Id;
        HttpPort = spec.HttpPort;
        GrpcPort = spec.GrpcPort;
        _shutdown = shutdown;
        if (spec.AppPort is { } port) App = new AppChannel(port, spec.AppApiToken ?? options.AppApiToken, spec.MaximumConcurrency);
        if (App is not null) _subscriptions = new AppSubscriptions(Id, App, components, options, note);
        State = new AppState(Id, components);
        Publisher = new AppPublisher(Id, components, options.Time);
        Secrets = new AppSecrets(Id, components);
        Metadata = new AppMetadata(Id, components, App, _subscriptions);
    }

    public string Id { get; }

    /// <summary>The port of the HTTP API. It is not 0 after <see cref="StartAsync"/>.</summary>
    public int HttpPort { get; private set; }

    /// <summary>The port of the gRPC API. It is not 0 after <see cref="StartAsync"/>.</summary>
    public int GrpcPort { get; private set; }

    /// <summary>The connection to the app. Null for an app without a port.</summary>
    public AppChannel? App { get; }

    public AppState State { get; }

    public AppPublisher Publisher { get; }

    public AppSecrets Secrets { get; }

    public AppMetadata Metadata { get; }

    /// <summary>Completes when the app is subscribed to its topics. It is complete at once for an app without a port.</summary>
    public Task Ready => _subscriptions?.Ready ?? Task.CompletedTask;

    /// <summary>Opens both ports, and then asks the app for its subscriptions.</summary>
    /// <param name="http">Answers every request on the HTTP port.</param>
    /// <param name="grpc">The methods of the gRPC port.</param>
    /// <exception cref="ResourceException">A port is taken.</exception>
    public async Task StartAsync(RequestDelegate http, ServerServiceDefinition grpc, CancellationToken cancellation)
    {
        string advice = $"Stop what listens there, or give the app other ports (--app {Id}=PORT).";
        _http = await LoopbackServer.StartAsync($"the sidecar of '{Id}'", HttpPort, HttpProtocols.Http1, advice, _ => { },
            server => server.Run(http), cancellation)
            .ConfigureAwait(false);
        _grpc = await LoopbackServer.StartAsync(
            $"gRPC of the sidecar of '{Id}'", GrpcPort, HttpProtocols.Http2, advice, services => services.AddGrpc(),
            server => server.MapGrpcService(grpc), cancellation).ConfigureAwait(false);
        HttpPort = _http.Port;
        GrpcPort = _grpc.Port;
        _subscriptions?.Start();
    }

    /// <summary>Ends this sidecar in the background, so that the call that asked for it still gets its answer.</summary>
    public void Shutdown() => _ = Task.Run(() => _shutdown(this), CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        _subscriptions?.Dispose();
        if (_http is not null) await _http.DisposeAsync().ConfigureAwait(false);
        if (_grpc is not null) await _grpc.DisposeAsync().ConfigureAwait(false);
        App?.Dispose();
    }
}

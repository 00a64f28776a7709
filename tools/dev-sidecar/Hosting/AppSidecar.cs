using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Dapr.Voice.DevSidecar;

/// <summary>The sidecar of one app id: its two ports, what its apps can reach through them, and its subscriptions.</summary>
internal sealed class AppSidecar : IAsyncDisposable
{
    private readonly string? _token;
    private readonly Func<AppSidecar, Task> _shutdown;
    private readonly AppSubscriptions? _subscriptions;
    private LoopbackServer? _http;
    private LoopbackServer? _grpc;

    public AppSidecar(AppSpec spec, DevSidecarOptions options, SharedComponents components, SidecarRegistry registry,
        Func<AppSidecar, Task> shutdown, Action<string> note)
    {
        Id = spec.Id;
        HttpPort = spec.HttpPort;
        GrpcPort = spec.GrpcPort;
        _token = options.ApiToken;
        _shutdown = shutdown;
        if (spec.AppPort is { } port) App = new AppChannel(port, spec.AppApiToken ?? options.AppApiToken);
        if (App is not null) _subscriptions = new AppSubscriptions(Id, App, components, options, note);
        State = new AppState(Id, components);
        Publisher = new AppPublisher(Id, components, options.Time);
        Secrets = new AppSecrets(Id, components);
        Metadata = new AppMetadata(Id, components, App, _subscriptions);
        Invocation = new InvokeApi(this, registry, options.TimeScale);
    }

    public string Id { get; }

    /// <summary>Port of the HTTP API; after <see cref="StartAsync"/> never 0.</summary>
    public int HttpPort { get; private set; }

    /// <summary>Port of the gRPC API; after <see cref="StartAsync"/> never 0.</summary>
    public int GrpcPort { get; private set; }

    /// <summary>The way to the app; null for an app without a port.</summary>
    public AppChannel? App { get; }

    public AppState State { get; }

    public AppPublisher Publisher { get; }

    public AppSecrets Secrets { get; }

    public AppMetadata Metadata { get; }

    public InvokeApi Invocation { get; }

    /// <summary>Completes when the app has been asked for its subscriptions; at once for an app without a port.</summary>
    public Task Ready => _subscriptions?.Ready ?? Task.CompletedTask;

    /// <summary>Throws <see cref="ResourceException"/> if a port is taken.</summary>
    public async Task StartAsync(CancellationToken cancellation)
    {
        string advice = $"Stop what listens there, or give the app other ports (--app {Id}=PORT).";
        _http = await LoopbackServer.StartAsync($"the sidecar of '{Id}'", HttpPort, HttpProtocols.Http1, advice, _ => { },
            server => server.Run(new HttpApi(this, _token).HandleAsync), cancellation)
            .ConfigureAwait(false);
        _grpc = await LoopbackServer.StartAsync(
            $"gRPC of the sidecar of '{Id}'", GrpcPort, HttpProtocols.Http2, advice, services => services.AddGrpc(),
            server => server.MapGrpcService(new GrpcApi(this, _token).Bind()), cancellation).ConfigureAwait(false);
        HttpPort = _http.Port;
        GrpcPort = _grpc.Port;
        _subscriptions?.Start();
    }

    /// <summary>Ends this sidecar soon; the answer to the call that asked for it goes out first.</summary>
    public void Shutdown() => _ = Task.Run(() => _shutdown(this), CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        _subscriptions?.Dispose();
        if (_http is not null) await _http.DisposeAsync().ConfigureAwait(false);
        if (_grpc is not null) await _grpc.DisposeAsync().ConfigureAwait(false);
        App?.Dispose();
    }
}

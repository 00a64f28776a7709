using Dapr.Client;
using Dapr.Voice.Sidecar;
using Microsoft.Extensions.DependencyInjection;

namespace Dapr.Voice.Tests.Integration.DaprContract;

/// <summary>The client side of a process: Dapr's client as <c>AddSidecar</c> configures it, and our interfaces over it.</summary>
internal sealed class SidecarClient : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    public SidecarClient(int httpPort, int grpcPort, Action<SidecarOptions>? configure = null)
    {
        var services = new ServiceCollection();
        services.AddSidecar(options =>
        {
            options.HttpEndpoint = new Uri($"http://127.0.0.1:{httpPort}");
            options.GrpcEndpoint = new Uri($"http://127.0.0.1:{grpcPort}");
            options.ApiToken = null;
            // A test machine is shared, so the limits are long. Tests of deadlines set their own.
            options.StateTimeout = options.PublishTimeout = options.SecretTimeout = options.InvokeTimeout = TimeSpan.FromSeconds(30);
            configure?.Invoke(options);
        });
        _services = services.BuildServiceProvider();
    }

    public SidecarClient(SidecarUnderTest sidecar, Action<SidecarOptions>? configure = null)
        : this(sidecar.Port, sidecar.GrpcPort, configure) { }

    public DaprClient Dapr => _services.GetRequiredService<DaprClient>();

    public IStateStore State => _services.GetRequiredService<IStateStore>();

    public ISecretStore Secrets => _services.GetRequiredService<ISecretStore>();

    public IEventPublisher Events => _services.GetRequiredService<IEventPublisher>();

    public IServiceInvoker Invoker => _services.GetRequiredService<IServiceInvoker>();

    public ISidecarHealth Health => _services.GetRequiredService<ISidecarHealth>();

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}

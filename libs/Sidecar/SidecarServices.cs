using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Dapr.Voice.Sidecar;

public static class SidecarServices
{
    /// <summary>
    /// Registers <see cref="IStateStore"/>, <see cref="IEventPublisher"/>, <see cref="ISecretStore"/>, <see cref="IServiceInvoker"/>, <see
    /// cref="ISidecarHealth"/> and <see cref="SidecarOptions"/> as singletons. No connection is opened before the first call.
    /// </summary>
    public static IServiceCollection AddSidecar(this IServiceCollection services, Action<SidecarOptions>? configure = null)
    {
        var options = new SidecarOptions();
        configure?.Invoke(options);
        options.Validate();
        services.TryAddSingleton(options);
        services.TryAddSingleton(TimeProvider.System);
        services.AddDaprClient((provider, builder) => SidecarChannel.Configure(builder, provider.GetRequiredService<SidecarOptions>()));
        services.TryAddSingleton<SidecarCalls>();
        services.TryAddSingleton<SidecarChannel>();
        services.TryAddSingleton<SidecarHttp>();
        services.TryAddSingleton<IStateStore, DaprStateStore>();
        services.TryAddSingleton<IEventPublisher, DaprEventPublisher>();
        services.TryAddSingleton<ISecretStore, DaprSecretStore>();
        services.TryAddSingleton<IServiceInvoker, HttpServiceInvoker>();
        services.TryAddSingleton<ISidecarHealth, DaprSidecarHealth>();
        return services;
    }
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Dapr.Voice.Sidecar;

public static class SidecarServices
{
    /// <summary>
    /// Registers <see cref="IStateStore"/>, <see cref="IEventPublisher"/>, <see cref="ISecretStore"/>, <see cref="IServiceInvoker"/>,
    /// <see cref="ISidecarHealth"/> and <see cref="SidecarOptions"/>, all singletons over one connection pool.
    /// </summary>
    public static IServiceCollection AddSidecar(this IServiceCollection services, Action<SidecarOptions>? configure = null)
    {
        var options = new SidecarOptions();
        configure?.Invoke(options);
        options.Validate();
        services.TryAddSingleton(options);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<SidecarConnection>();
        services.TryAddSingleton<IStateStore, HttpStateStore>();
        services.TryAddSingleton<IEventPublisher, HttpEventPublisher>();
        services.TryAddSingleton<ISecretStore, HttpSecretStore>();
        services.TryAddSingleton<IServiceInvoker, HttpServiceInvoker>();
        services.TryAddSingleton<ISidecarHealth, HttpSidecarHealth>();
        return services;
    }
}

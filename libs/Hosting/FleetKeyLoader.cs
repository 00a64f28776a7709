using Dapr.Voice.Sidecar;
using Microsoft.Extensions.Logging;

namespace Dapr.Voice.Hosting;

/// <summary>
/// Reads the fleet's keys when a service starts. It calls <see cref="FleetKeys.LoadAsync"/> with the services of the process.
/// </summary>
public sealed class FleetKeyLoader(ISecretStore secrets, ISidecarHealth sidecar, StartupState startup, TimeProvider time)
{
    /// <inheritdoc cref="FleetKeys.LoadAsync"/>
    public Task<FleetKeys> LoadAsync(FleetSecrets needed, ILogger logger, CancellationToken cancellation)
        => FleetKeys.LoadAsync(secrets, needed, logger, time, cancellation, sidecar, startup);
}

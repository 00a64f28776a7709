using Dapr.Voice.Sidecar;
using Microsoft.Extensions.Logging;

namespace Dapr.Voice.Hosting;

/// <summary>Reads the fleet's keys for a service that starts: <see cref="FleetKeys.LoadAsync"/> with what the process has.</summary>
public sealed class FleetKeyLoader(ISecretStore secrets, ISidecarHealth sidecar, StartupState startup, TimeProvider time)
{
    /// <inheritdoc cref="FleetKeys.LoadAsync"/>
    public Task<FleetKeys> LoadAsync(FleetSecrets needed, ILogger logger, CancellationToken cancellation)
        => FleetKeys.LoadAsync(secrets, needed, logger, time, cancellation, sidecar, startup);
}

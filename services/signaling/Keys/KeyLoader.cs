using Dapr.Voice.Hosting;

namespace Dapr.Voice.Signaling.Keys;

/// <summary>
/// Loads the keys while the port is already open, because the sidecar asks the app for its topics before the sidecar itself is ready.
/// </summary>
internal sealed class KeyLoader(FleetKeyLoader loader, ServiceExit exit, TimeProvider time, ILogger<KeyLoader> logger) : BackgroundService
{
    private volatile SignalingKeys? _current;

    /// <summary>The keys, or null while they are not loaded.</summary>
    public SignalingKeys? Current => _current;

    /// <summary>What the service still lacks before it can take calls, in words for an operator.</summary>
    public IEnumerable<string> Missing() => _current is null ? ["keys are not loaded"] : [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            FleetKeys keys = await loader.LoadAsync(FleetSecrets.Signaling, logger, stoppingToken);
            _current = new(keys, new EphemeralKeys(keys.TokenKeys, time));
        }
        catch (SettingsException e)
        {
            exit.Fail(e);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service was stopped before the keys were loaded. There is nothing to undo.
        }
    }
}

using Dapr.Voice.Hosting;

namespace Dapr.Voice.Signaling.Keys;

/// <summary>
/// Loads the keys while the port is already open: the sidecar asks the app for its topics before it is done starting itself.
/// </summary>
internal sealed class KeyLoader(FleetKeyLoader loader, ServiceExit exit, TimeProvider time, ILogger<KeyLoader> logger) : BackgroundService
{
    private volatile SignalingKeys? _current;

    /// <summary>Null until they are there.</summary>
    public SignalingKeys? Current => _current;

    /// <summary>What keeps the service from taking calls, in words.</summary>
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
            // Stopped before the keys were there; nothing to undo.
        }
    }
}

using Dapr.Voice.Hosting;

namespace Dapr.Voice.Signaling.Keys;

/// <summary>Loads the keys while the port is already open: the sidecar asks the app for its topics before it is done starting itself.</summary>
internal sealed class KeyLoader(FleetKeyLoader loader, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<KeyLoader> logger) : BackgroundService
{
    private volatile SignalingKeys? _current;

    /// <summary>Null until they are there.</summary>
    public SignalingKeys? Current => _current;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            FleetKeys keys = await loader.LoadAsync(FleetSecrets.Signaling, logger, stoppingToken);
            _current = new(keys, new EphemeralKeys(keys.TokenKeys, time));
        }
        catch (SettingsException e)
        {
            SignalingLog.BadSecret(logger, e.Message);
            Environment.ExitCode = ServiceProcess.BadSettingsExitCode;
            lifetime.StopApplication();
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopped before the keys were there; nothing to undo.
        }
    }
}

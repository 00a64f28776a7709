using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Opus;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Transceiver.Link;

namespace Dapr.Voice.Transceiver;

/// <summary>
/// Runs the transceiver as a hosted service. It opens the ports first, so that a taken port ends the process at once. Then it reads the
/// fleet's keys, however long the sidecar takes, and starts the runtime. On SIGTERM it drains.
/// </summary>
internal sealed partial class TransceiverHost(
    FleetOptions fleet, TransceiverOptions options, FleetKeyLoader loader, LoopWatch loops, IStateStore store, IEventPublisher publisher,
    IServiceInvoker invoker, TimeProvider time, ServiceExit exit, ILoggerFactory loggers,
    ILogger<TransceiverHost> logger) : IHostedService, IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private volatile TransceiverRuntime? _runtime;
    private LinkListener[] _listeners = [];
    private int _isDisposed;
    private Task _running = Task.CompletedTask;

    /// <summary>Null until the fleet's keys are known.</summary>
    public TransceiverRuntime? Runtime => _runtime;

    public IEnumerable<string> Missing() => _runtime?.Missing() ?? ["the fleet's keys are not read yet"];

    /// <summary>
    /// Opens the link ports. Call it before the host starts, so that the operator of a taken port reads one sentence and no stack trace.
    /// </summary>
    /// <exception cref="ServiceException">A port is taken, or other services do not look for a shard of this number.</exception>
    public void Bind()
    {
        if (options.Shard >= fleet.MaximumShards)
            throw new SettingsException(
                $"Transceiver__Shard {options.Shard} is not below Fleet__MaximumShards {fleet.MaximumShards}: nobody would look for it.");
        _listeners = LinkListener.Open(options);
        LogCodec(logger, options.Codec.Name);
        if (options.OpusCodec == "auto" && options.Codec == OpusCodec.Concentus) LogWithoutLibopus(logger);
        LogBound(logger, options.Shard, string.Join(' ', _listeners.Select((_, worker) => options.LinkOf(worker))));
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (_listeners.Length == 0) throw new InvalidOperationException("Call Bind first.");
        _running = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_runtime is { } runtime) await runtime.DrainAsync().ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        // The container has registered it as a service and as a hosted service, and disposes it twice.
        if (Interlocked.Exchange(ref _isDisposed, 1) == 1) return;
        if (_runtime is { } runtime) await runtime.DisposeAsync().ConfigureAwait(false);
        else foreach (LinkListener listener in _listeners) listener.Transport.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            FleetKeys keys = await loader.LoadAsync(FleetSecrets.Transceiver, logger, _stop.Token).ConfigureAwait(false);
            var runtime = new TransceiverRuntime(fleet, options, keys, _listeners, store, publisher, invoker, time, loggers);
            runtime.Start();
            foreach ((int number, Sessions.SessionWorker? worker) in runtime.Workers.Index()) loops.Add(
                $"worker {number}", () => worker.Counters.Turns);
            _runtime = runtime;
            if (await runtime.KeepSlotsAsync(_stop.Token).ConfigureAwait(false)) return;
            exit.Fail(new ServiceException(
                ExitCode.Fault, "A worker of the transceiver stands still. Only a new process can serve its sessions."));
        }
        catch (OperationCanceledException)
        {
            // The service was asked to stop.
        }
        catch (Exception e)
        {
            exit.Fail(e);
        }
    }

    [LoggerMessage(LogLevel.Information, "Shard {Shard} listens for relays on {Links}")]
    private static partial void LogBound(ILogger logger, int shard, string links);

    [LoggerMessage(LogLevel.Information, "Opus is coded by {Codec}")]
    private static partial void LogCodec(ILogger logger, string codec);

    [LoggerMessage(LogLevel.Warning,
        "libopus is not installed (package libopus0). Concentus takes its place: each call costs about twice the CPU time and makes 6 MB "
        + "of garbage a second")]
    private static partial void LogWithoutLibopus(ILogger logger);
}

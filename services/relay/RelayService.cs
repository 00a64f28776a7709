using System.Security.Cryptography;
using Dapr.Voice.Hosting;
using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Relay.Steering;
using Dapr.Voice.Relay.Succession;
using Dapr.Voice.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay;

/// <summary>Starts the workers once the keys are read. On SIGTERM it drains them for a short time and ends them.</summary>
internal sealed partial class RelayService(
    RelayOptions options, FleetOptions fleet, IReadOnlyList<RelaySockets> sockets, TransceiverDirectory directory, Legacy legacy,
    FleetKeyLoader loader,
    LoopWatch loops, RelayMetrics metrics, TimeProvider time,
    ServiceExit exit, ILogger<RelayService> logger) : IHostedLifecycleService, IDisposable
{
    private const FleetSecrets Needed = FleetSecrets.Relay | FleetSecrets.PasswordKeys;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// A relay that drains ends early if its clients were silent for this long: all have moved. Even DTX sends more often.
    /// </summary>
    private static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Thread> _threads = [];
    private volatile IReadOnlyList<RelayWorker> _workers = [];

    // The number of successful turns of each worker. Each element is written only by the thread of its worker.
    private readonly long[] _turns = new long[sockets.Count];
    private Task _starting = Task.CompletedTask;
    private FleetKeys? _left;
    private bool _isDisposed;

    /// <summary>What the relay still lacks before it can take calls, in words for an operator.</summary>
    public IEnumerable<string> Missing()
    {
        if (_workers.Count == 0) yield return "keys from the secret store";
        else if (_workers.Any(w => w.LinkCount == 0)) yield return "a transceiver";
    }

    /// <summary>
    /// Waits until this process is the relay, and starts at once with what the last one left. Where another process is the relay, this one
    /// stands by and has its code compiled meanwhile. If nothing was left, the start is up to <see cref="StartAsync"/>.
    /// </summary>
    public void Prepare()
    {
        directory.Changed += legacy.Leave;
        if (!legacy.TrySucceed())
        {
            bool isRehearsed = Rehearsal.Run();
            LogStandingBy(logger, options.Id, isRehearsed);
            legacy.Succeed();
        }
        if (legacy.Read(Needed) is not { } left) return;
        _left = left.Keys;
        directory.Set(left.Targets);
        StartWorkers(KeysOf(left.Keys));
    }

    public async Task<RelayStats> GetStatsAsync()
    {
        WorkerStats[] workers = await Task.WhenAll(_workers.Select(w => w.GetStatsAsync()));
        var packets = workers.SelectMany(w => w.Packets).GroupBy(p => p.Key, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.Sum(p => p.Value), StringComparer.Ordinal);
        return new RelayStats(options.Id, workers.Sum(w => w.Flows), packets, workers);
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        // This is not awaited, so that the health endpoints answer before the keys are read.
        _starting = BeginAsync();
        return Task.CompletedTask;
    }

    /// <summary>Runs first on SIGTERM, because stopping the web server may take longer than the relay has.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _starting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Join();
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        // A host may be disposed without being stopped. The threads must end before their sockets are closed in that case, too.
        _stopping.Cancel();
        _starting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
        Join();
        if (_workers.Count == 0)
        {
            foreach (RelaySockets opened in sockets) opened.Dispose();
        }
        foreach (RelayWorker worker in _workers) worker.Dispose();
        _stopping.Dispose();
    }

    private void Join()
    {
        foreach (RelayWorker worker in _workers) worker.Wake();
        foreach (Thread thread in _threads) thread.Join();
    }

    private async Task BeginAsync()
    {
        try
        {
            FleetKeys loaded = await loader.LoadAsync(Needed, logger, _stopping.Token);
            if (_left is null)
            {
                StartWorkers(KeysOf(loaded));
            }
            else if (_left.Export() != loaded.Export())
            {
                // The keys were rotated while the last relay ran.
                foreach (RelayWorker worker in _workers) worker.SetKeys(KeysOf(loaded));
            }
            legacy.Leave(loaded);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The service was stopped before the keys were read.
        }
        catch (Exception e)
        {
            // The relay cannot run without keys or threads.
            exit.Fail(e);
        }
    }

    private static RelayKeys KeysOf(FleetKeys keys) => new(keys.HintKeys, keys.PasswordKeys, keys.LinkKey);

    private void StartWorkers(RelayKeys keys)
    {
        ulong incarnation = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
        var ingresses = IngressTable.From(options);
        _workers =
            [.. sockets.Select(
            (s, i) => new RelayWorker(i, s, options, (byte)fleet.RegionNumber, fleet.SlotCount, incarnation, keys, ingresses, time))];
        foreach (RelayWorker worker in _workers)
        {
            directory.Add(worker);
            metrics.Add(worker);
            worker.LinkChanged += (target, change) => LogLink(logger, worker.Number, target, change);
            loops.Add($"worker {worker.Number}", () => Volatile.Read(ref _turns[worker.Number]));
            var thread = new Thread(() => Run(worker)) { IsBackground = true, Name = $"relay-{worker.Number}" };
            _threads.Add(thread);
            thread.Start();
        }
        if (options.PublicTcp is not null && options.TcpConnections < options.MaximumTcpConnections)
            LogFewConnections(logger, options.OpenFiles, options.TcpConnections, options.MaximumTcpConnections);
        LogStarted(logger, options.Id,
            string.Join(
            ", ", new[] { options.PublicEndpoint, options.PublicTcpEndpoint.Length > 0 ? $"{options.PublicTcpEndpoint}/tcp"
            : "" }.Where(e => e.Length > 0)), _workers.Count);
    }

    private void Run(RelayWorker worker)
    {
        MediaThread.TryRaise();
        while (!_stopping.IsCancellationRequested) TakeTurn(worker);
        worker.Drain();
        Instant heard = MonotonicClock.Now, end = heard + options.DrainTime;
        for (long passed = worker.Passed; MonotonicClock.Now < end && MonotonicClock.Now - heard < QuietTime;)
        {
            TakeTurn(worker);
            if (worker.Passed != passed) (passed, heard) = (worker.Passed, MonotonicClock.Now);
        }
    }

    private void TakeTurn(RelayWorker worker)
    {
        try
        {
            worker.Turn(Patience);
            // Only successful turns are counted, so that the watchdog notices a worker that fails every turn.
            Volatile.Write(ref _turns[worker.Number], _turns[worker.Number] + 1);
        }
        catch (Exception e)
        {
            // This turn is lost, with at most one batch in each direction. The next packets may well work.
            metrics.CountFailedTurn();
            LogFailedTurn(logger, worker.Number, e);
        }
    }

    [LoggerMessage(5, LogLevel.Information, "Another process is the relay {Id}. This one stands by (rehearsed: {IsRehearsed})")]
    private static partial void LogStandingBy(ILogger logger, string id, bool isRehearsed);

    [LoggerMessage(1, LogLevel.Information, "Relay {Id} on {Endpoint} with {Workers} workers")]
    private static partial void LogStarted(ILogger logger, string id, string endpoint, int workers);

    [LoggerMessage(4, LogLevel.Warning,
        "This process may open {OpenFiles} files, so the relay accepts {Connections} TCP connections instead of the "
        + "{Wanted} in Relay__MaximumTcpConnections. Raise 'ulimit -Hn' for more")]
    private static partial void LogFewConnections(ILogger logger, int openFiles, int connections, int wanted);

    [LoggerMessage(6, LogLevel.Information, "Worker {Worker}, link to {Target}: {Change}")]
    private static partial void LogLink(ILogger logger, int worker, LinkTarget target, LinkEventKind change);

    [LoggerMessage(3, LogLevel.Error, "Worker {Worker}: a turn failed. Its packets are lost")]
    private static partial void LogFailedTurn(ILogger logger, int worker, Exception e);
}

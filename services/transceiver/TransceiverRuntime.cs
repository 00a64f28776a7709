using System.Security.Cryptography;
using Dapr.Voice.Contracts;
using Dapr.Voice.Dtls;
using Dapr.Voice.Hosting;
using Dapr.Voice.Links;
using Dapr.Voice.Ownership;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Steering;
using Dapr.Voice.Transceiver.Agents;
using Dapr.Voice.Transceiver.Link;
using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.Transceiver.Ownership;
using Dapr.Voice.Transceiver.Sessions;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver;

/// <summary>Everything that runs once the fleet's keys are known: workers, sessions, ownership and reports. It also stops them.</summary>
internal sealed partial class TransceiverRuntime : IAsyncDisposable
{
    // A whole drain fits into the five seconds that a platform waits (docs/design.md 7), whatever the store does.
    private static readonly TimeSpan LeaveLimit = TimeSpan.FromSeconds(1), ReportLimit = TimeSpan.FromSeconds(1),
        EndLimit = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan WatchEvery = TimeSpan.FromSeconds(1);

    private readonly FleetOptions _fleet;
    private readonly TransceiverOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly DtlsCertificate _certificate;
    private readonly SessionReporter _reporter;
    private readonly SlotTable _slots;

    public TransceiverRuntime(
        FleetOptions fleet, TransceiverOptions options, FleetKeys keys, IReadOnlyList<LinkListener> listeners,
        IStateStore store, IEventPublisher publisher, TimeProvider time, ILoggerFactory loggers)
    {
        (_fleet, _options, _time) = (fleet, options, time);
        _logger = loggers.CreateLogger("Dapr.Voice.Transceiver");
        ulong incarnation = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        var self = new OwnerIdentity(options.Shard, incarnation);

        _certificate = DtlsCertificate.FromPem(keys.CertificatePem);
        _slots = new SlotTable(fleet.SlotCount, options.Timing);
        Directory = new SessionDirectory(options.Capacity, _slots);
        Unproven = new UnprovenSessions(options.FirstCheckLimit);
        _reporter = new SessionReporter(
            store, publisher, Directory, time, options.RecordRetention,
            $"/voice/{fleet.Region}/{AppIds.Transceiver(options.Shard)}/{self.IncarnationText}",
            loggers.CreateLogger<SessionReporter>());
        Factory = new SessionFactory(fleet, options, keys, _certificate, new AgentCatalog(options.Agents, options.AgentApiKey),
            options.Codec, time, loggers);
        var records = new OwnershipRecords(
            store, fleet, options, self, [.. listeners.Select(l => l.Advertised.ToString())], keys.CertificateFingerprint,
            () => new OwnLoad(Directory.Living, LatenessMilliseconds(0.99)), time);
        Keeper = new SlotKeeper(
            _slots, fleet, self, records, new UnaskedPeers(), time, () => MonotonicClock.Now, static _ => { },
            loggers.CreateLogger<SlotKeeper>());
        Workers = [.. listeners.Select((listener, i) => new SessionWorker(
            i, listeners.Count, listener.Advertised,
            new LinkPort(listener.Transport, new LinkAcceptor(
            keys.LinkKey, (byte)fleet.RegionNumber, (ushort)options.Shard, incarnation, fleet.SlotCount, RandomNumberGenerator.Fill,
            MonotonicClock.Now)),
            keys.HintKeys, keys.PasswordKeys, (byte)fleet.RegionNumber, _slots, Directory, _reporter, () => IsAdmitting,
            loggers.CreateLogger<SessionWorker>()))];
        Loader = new RecordLoader(store, fleet, Factory, Unproven, Directory, _reporter, time, loggers.CreateLogger<RecordLoader>());
    }

    public IReadOnlyList<SessionWorker> Workers { get; }
    public SessionDirectory Directory { get; }
    public UnprovenSessions Unproven { get; }
    public SlotKeeper Keeper { get; }
    public SessionFactory Factory { get; }
    public RecordLoader Loader { get; }
    public int ServedSlots => _slots.ServedCount;
    public long PendingReports => _reporter.Pending;
    public long LostReports => _reporter.Lost;

    /// <summary>New sessions may come.</summary>
    public bool IsAdmitting => Keeper.Status.IsAdmitting(MonotonicClock.Now);

    public void Start()
    {
        foreach (SessionWorker worker in Workers) worker.Start(Loader);
    }

    /// <summary>
    /// Keeps our record and our slots until it is cancelled or a worker stands still. Only a new process helps in the second case.
    /// </summary>
    /// <returns>False if a worker stands still.</returns>
    public async Task<bool> KeepSlotsAsync(CancellationToken cancellation)
    {
        var watch = new WorkerWatch(Workers.Count);
        Task unproven = Task.CompletedTask, keeping = Task.CompletedTask;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var timer = new PeriodicTimer(WatchEvery, _time);
        bool isStalled = false;
        try
        {
            do
            {
                // Its loop keeps our lease, so it must go on, whatever has ended it.
                if (keeping.IsCompleted) keeping = Try(Keeper.RunAsync(stop.Token));
                if (unproven.IsCompleted) unproven = Try(Loader.EndUnprovenAsync(MonotonicClock.Now, cancellation));
                if (watch.Look(worker => Workers[worker].Counters.Turns) is >= 0 and var stalled)
                {
                    LogStalled(_logger, stalled);
                    isStalled = true;
                }
            }
            while (!isStalled && await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            // The service was asked to stop.
        }
        await stop.CancelAsync().ConfigureAwait(false);
        await keeping.ConfigureAwait(false);
        return !isStalled;
    }

    /// <summary>Takes the record of a session that signaling pushed. The session begins with its caller's first valid check.</summary>
    public AdmissionOutcome Admit(SessionRecord record)
    {
        if (!Factory.TryIdentify(record, out SessionId id)) return AdmissionOutcome.BadRecord;
        if (Directory.Find(id, out SessionRecord? ended) is not null) return AdmissionOutcome.Exists;
        if (ended is not null || record.State == SessionState.Ended) return AdmissionOutcome.Ended;
        if (!IsAdmitting) return AdmissionOutcome.NotAdmitting;
        if (!Directory.Serves(record.Slot)) return AdmissionOutcome.NotOwner;
        return Unproven.TryAdd(id, record, MonotonicClock.Now) ? AdmissionOutcome.Admitted : AdmissionOutcome.Exists;
    }

    /// <summary>
    /// Returns the record, with its statistics, of a session that is alive or ended lately. Returns null if it is not here and was not.
    /// </summary>
    public async Task<SessionRecord?> FindAsync(SessionId id, CancellationToken cancellation)
    {
        SessionWorker? worker = Directory.Find(id, out SessionRecord? ended);
        if (worker is null && (ended ?? Unproven.Find(id)) is null)
        {
            await Loader.LoadedAsync(id).WaitAsync(AnswerLimit, cancellation).ConfigureAwait(false);
            worker = Directory.Find(id, out ended);
        }
        if (worker is null) return ended ?? Unproven.Find(id);
        SessionRecord? living = await worker.InspectAsync(id).WaitAsync(AnswerLimit, cancellation).ConfigureAwait(false);
        if (living is not null) return living;
        // The session ended between the two looks.
        Directory.Find(id, out ended);
        return ended;
    }

    /// <summary>Restarts ICE for a session. Returns our new ufrag, or null if no such session lives here.</summary>
    public async Task<string?> RestartIceAsync(SessionId id, string callId, IceRestart restart, CancellationToken cancellation)
        => Directory.Find(id, out _) is { } worker
            && Factory.ReadRemote(callId, restart.IceUfrag, restart.SealedIcePwd) is { } remote
            ? await worker.RestartIceAsync(id, remote, restart.SealedIcePwd, Factory).WaitAsync(AnswerLimit, cancellation)
                .ConfigureAwait(false)
            : null;

    /// <summary>Asks for the end of a session. Returns false if it is not here.</summary>
    public async Task<bool> TryEndAsync(SessionId id, SessionEndReason reason, CancellationToken cancellation)
    {
        if (TryEndHere(id, reason)) return true;
        // Its caller may have come a moment ago.
        await Loader.LoadedAsync(id).WaitAsync(AnswerLimit, cancellation).ConfigureAwait(false);
        return TryEndHere(id, reason);
    }

    private bool TryEndHere(SessionId id, SessionEndReason reason)
    {
        SessionWorker? worker = Directory.Find(id, out _);
        worker?.End(id, reason);
        return worker is not null || Loader.TryEndUnproven(id, reason);
    }

    /// <summary>
    /// Drains: it takes no new sessions, waits a moment for sessions that are about to end, ends the others, and returns the slots and the
    /// lease.
    /// </summary>
    public async Task DrainAsync()
    {
        LogDraining(_logger, Directory.Living);
        Keeper.StartDraining();
        // The deadline counts from here. A store that hangs must not add to it, because the drain would take longer than the platform
        // waits.
        long deadline = _time.GetTimestamp() + (long)(_options.DrainGrace.TotalSeconds * _time.TimestampFrequency);
        using (var renewal = new CancellationTokenSource(LeaveLimit))
        {
            // The record says at once that this process leaves, so that nobody sends it a session meanwhile.
            await Try(Keeper.StepAsync(renewal.Token)).ConfigureAwait(false);
        }
        while (Directory.Living > 0 && _time.GetTimestamp() < deadline)
            await Task.Delay(TimeSpan.FromMilliseconds(50), _time).ConfigureAwait(false);

        // Sessions end before their slots are returned. A session whose slot is gone would end as fenced and report that to everybody.
        await Try(Task.WhenAll(Workers.Select(w => w.EndAllAsync(SessionEndReason.Drain))).WaitAsync(EndLimit, _time))
            .ConfigureAwait(false);
        await Try(Loader.EndUnprovenAsync(Instant.Never, CancellationToken.None)).ConfigureAwait(false);
        using (var leave = new CancellationTokenSource(LeaveLimit))
            await Try(Keeper.LeaveAsync(leave.Token)).ConfigureAwait(false);
        foreach (SessionWorker worker in Workers) worker.Stop();
        using var reports = new CancellationTokenSource(ReportLimit);
        await _reporter.CompleteAsync(reports.Token).ConfigureAwait(false);
        LogLeft(_logger, _reporter.Pending);
    }

    /// <summary>What keeps this process from taking new sessions, in words for an operator.</summary>
    public IEnumerable<string> Missing()
    {
        OwnershipStatus status = Keeper.Status;
        if (status.IsDraining) yield return "draining";
        else if (!status.IsAdmitting(MonotonicClock.Now)) yield return status.Problem ?? "the lease has run out";
        else if (ServedSlots == 0) yield return "no slot is ours yet";
    }

    /// <summary>A quantile of the lateness of downlink frames over the last ten seconds, of the worker with the highest value.</summary>
    public double LatenessMilliseconds(double share)
    {
        Instant now = MonotonicClock.Now;
        return Workers.Max(worker => worker.Lateness.Percentile(share, now));
    }

    /// <summary>The number of frames sent on schedule since the start.</summary>
    public long FramesScheduled => Workers.Sum(worker => worker.Lateness.Recorded);

    public async ValueTask DisposeAsync()
    {
        foreach (SessionWorker worker in Workers) worker.Dispose();
        Keeper.Dispose();
        await _reporter.DisposeAsync().ConfigureAwait(false);
        _certificate.Dispose();
    }

    private async Task Try(Task step)
    {
        try
        {
            await step.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Its time is over, or the service was asked to stop.
        }
        catch (Exception e)
        {
            // Leaving must not depend on the store. The end of the lease settles what the store does not accept.
            LogStepFailed(_logger, e);
        }
    }

    [LoggerMessage(LogLevel.Error, "A step of the ownership loop failed")]
    private static partial void LogStepFailed(ILogger logger, Exception exception);

    [LoggerMessage(LogLevel.Critical, "Worker {Worker} stands still. This process ends, so that another one can serve")]
    private static partial void LogStalled(ILogger logger, int worker);

    [LoggerMessage(LogLevel.Information, "Draining {Sessions} sessions")]
    private static partial void LogDraining(ILogger logger, int sessions);

    [LoggerMessage(LogLevel.Information, "Left; {Reports} reports undelivered")]
    private static partial void LogLeft(ILogger logger, long reports);
}

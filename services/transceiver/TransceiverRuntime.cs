using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Dapr.Voice.Contracts;
using Dapr.Voice.Dtls;
using Dapr.Voice.Hosting;
using Dapr.Voice.Links;
using Dapr.Voice.Ownership;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Steering;
using Dapr.Voice.Transceiver.Agents;
using Dapr.Voice.Transceiver.Checkpoints;
using Dapr.Voice.Transceiver.Fitness;
using Dapr.Voice.Transceiver.Fleet;
using Dapr.Voice.Transceiver.HandOver;
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
        EndLimit = TimeSpan.FromMilliseconds(500), HandOverLimit = TimeSpan.FromMilliseconds(2400);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RehearsalLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WatchEvery = TimeSpan.FromSeconds(1), LookForRelaysEvery = TimeSpan.FromMilliseconds(250),
        MoveAwayEvery = TimeSpan.FromSeconds(2);

    private readonly FleetOptions _fleet;
    private readonly TransceiverOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly DtlsCertificate _certificate;
    private readonly SessionReporter _reporter;
    private readonly RecordRestorer _restorer;
    private readonly RecordSweep _sweep;
    private readonly FitnessWatch _fitness;
    private readonly SlotTable _slots;
    private readonly HandOverSender _sender;
    private readonly SemaphoreSlim _moving = new(1);
    private readonly IsolationWatch _isolation = new();
    private readonly PeerProbe _probe;
    private readonly CheckpointReader? _checkpoints;
    private readonly string _incarnation;
    private readonly TakeoverRehearsal _rehearsal;
    private bool _isRehearsed;
    private readonly Lock _drainLock = new();
    private readonly CancellationTokenSource _keepStop = new();
    private Task? _drain;
    // The loop of the keeper. KeepSlotsAsync starts it, and a drain takes its place.
    private volatile Task _keeping = Task.CompletedTask;

    /// <param name="selfTest">What has to work before this process takes calls. Null: a call inside the process.</param>
    public TransceiverRuntime(
        FleetOptions fleet, TransceiverOptions options, FleetKeys keys, IReadOnlyList<LinkListener> listeners,
        IStateStore store, IEventPublisher publisher, IServiceInvoker invoker, TimeProvider time, ILoggerFactory loggers,
        Func<string?>? selfTest = null)
    {
        (_fleet, _options, _time) = (fleet, options, time);
        _logger = loggers.CreateLogger("Dapr.Voice.Transceiver");
        ulong incarnation = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        var self = new OwnerIdentity(options.Shard, incarnation);

        _certificate = DtlsCertificate.FromPem(keys.CertificatePem);
        _slots = new SlotTable(fleet.SlotCount, options.Timing);
        Directory = new SessionDirectory(options.Capacity, _slots);
        Unproven = new UnprovenSessions(options.FirstCheckLimit);
        _fitness = new FitnessWatch(
            selfTest ?? (() => SessionSelfTest.Run(_certificate, options.Codec)), loggers.CreateLogger<FitnessWatch>());
        string source = $"/voice/{fleet.Region}/{AppIds.Transceiver(options.Shard)}/{self.IncarnationText}";
        _reporter = new SessionReporter(
            store, publisher, Directory, time, options.RecordRetention, source, loggers.CreateLogger<SessionReporter>());
        _reporter.EndedElsewhere += EndAsElsewhere;
        _restorer = new RecordRestorer(store, fleet.Region, IsHere, time, loggers.CreateLogger<RecordRestorer>());
        _sweep = new RecordSweep(
            store, fleet.Region, Directory, _reporter, time, options.RecordRetention, loggers.CreateLogger<RecordSweep>());
        Events = new FleetReporter(publisher, time, fleet.Region, options.Shard, self.IncarnationText, source, () => Directory.Living,
            loggers.CreateLogger<FleetReporter>());
        var codec = new CheckpointCodec(keys.PasswordKeys);
        Checkpoints = new CheckpointWriter(store, codec, time, loggers.CreateLogger<CheckpointWriter>());
        Factory = new SessionFactory(fleet, options, keys, _certificate, new AgentCatalog(options.Agents, options.AgentApiKey, time),
            options.Codec, Checkpoints, time, loggers);
        var records = new OwnershipRecords(
            store, fleet, options, self, [.. listeners.Select(l => l.Advertised.ToString())], keys.CertificateFingerprint, LoadNow, time);
        _probe = new PeerProbe(keys.LinkKey);
        _incarnation = self.IncarnationText;
        Keeper = new SlotKeeper(
            _slots, fleet, self, records, _probe, time, () => MonotonicClock.Now, OnOwnership,
            loggers.CreateLogger<SlotKeeper>());
        var news = new LinkNews(Keeper.NoteSuspected, (slot, epoch) => Keeper.NoteEpochSeen(slot, epoch), Keeper.NoteRelayView,
            new IngressWatch(Events.IngressLost).Set);
        Workers = [.. listeners.Select((listener, i) => new SessionWorker(
            i, listeners.Count, listener.Advertised,
            new LinkPort(listener.Transport, new LinkAcceptor(
            keys.LinkKey, (byte)fleet.RegionNumber, (ushort)options.Shard, incarnation, fleet.SlotCount, RandomNumberGenerator.Fill,
            MonotonicClock.Now)),
            keys.HintKeys, keys.PasswordKeys, (byte)fleet.RegionNumber, _slots, Directory, _reporter, () => IsAdmitting, news,
            loggers.CreateLogger<SessionWorker>()))];
        _checkpoints = options.KeepsCheckpoints ? new CheckpointReader(store, codec) : null;
        Loader = new RecordLoader(
            store, fleet, Factory, _checkpoints, Unproven,
            Directory, _reporter, time, loggers.CreateLogger<RecordLoader>());
        Receiver = new HandOverReceiver(
            self.IncarnationText, fleet.SlotCount, codec, Factory, Directory, Workers, TryServe, () => IsAdmitting,
            loggers.CreateLogger<HandOverReceiver>());
        _rehearsal = new TakeoverRehearsal(
            fleet, options, keys, _certificate, store, codec, _checkpoints, Checkpoints, Factory, Workers[0], time);
        _sender = new HandOverSender(
            fleet, options.Shard, store, invoker, Keeper, Directory, codec, Workers, loggers.CreateLogger<HandOverSender>());
    }

    public IReadOnlyList<SessionWorker> Workers { get; }
    public SessionDirectory Directory { get; }
    public UnprovenSessions Unproven { get; }
    public SlotKeeper Keeper { get; }
    public SessionFactory Factory { get; }
    public RecordLoader Loader { get; }
    public CheckpointWriter Checkpoints { get; }
    public HandOverReceiver Receiver { get; }

    /// <summary>Publishes what happens to this transceiver and its slots.</summary>
    public FleetReporter Events { get; }
    public int ServedSlots => _slots.ServedCount;
    public long PendingReports => _reporter.Pending + Events.Pending;
    public long LostReports => _reporter.Lost + Events.Lost;

    /// <summary>New sessions may come.</summary>
    public bool IsAdmitting => IsFit && Keeper.Status.IsAdmitting(MonotonicClock.Now);

    /// <summary>This process can serve callers. While it cannot, it must not take slots either.</summary>
    public bool IsFit => _fitness.IsFit && !_isolation.IsIsolated;

    public void Start()
    {
        foreach (SessionWorker worker in Workers) worker.Start(Loader);
        _sweep.Start();
    }

    /// <summary>
    /// Keeps our record and our slots until it is cancelled or a worker stands still. Only a new process helps in the second case.
    /// </summary>
    /// <returns>False if a worker stands still.</returns>
    public async Task<bool> KeepSlotsAsync(CancellationToken cancellation)
    {
        var watch = new WorkerWatch(Workers.Count);
        Task unproven = Task.CompletedTask, rehearsal = Try(RehearseProbeAsync(cancellation));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _keepStop.Token);
        Task relays = Try(LookForRelaysAsync(stop.Token));
        using var timer = new PeriodicTimer(WatchEvery, _time);
        bool isStalled = false;
        try
        {
            do
            {
                try
                {
                    await _fitness.StepAsync(Workers.Sum(w => w.Counters.SessionFaults), MonotonicClock.Now).ConfigureAwait(false);
                    Keeper.NoteFit(IsFit);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    LogStepFailed(_logger, e);
                }
                // A process that has never been able to serve a call has no slot, and nobody should count on it. The loop keeps our lease,
                // so it must go on, whatever has ended it. A drain runs a loop of its own, and there must not be two.
                lock (_drainLock)
                {
                    if (_drain is null && _fitness.HasPassed && _keeping.IsCompleted) _keeping = Try(Keeper.RunAsync(stop.Token));
                }
                if (rehearsal.IsCompleted && !_isRehearsed && IsAdmitting) rehearsal = Try(RehearseAsync(cancellation));
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
        await Task.WhenAll(_keeping, rehearsal, relays).ConfigureAwait(false);
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

    /// <summary>
    /// The store has lost its data. The records of all sessions that live here or wait for their caller are written again, in the
    /// background, and the checkpoints. It never waits. Any thread.
    /// </summary>
    public void OnStoreLost()
    {
        _restorer.Restore(Unproven.Records());
        foreach (SessionWorker worker in Workers) worker.NoteStoreLost(_restorer.Restore);
    }

    /// <summary>Somebody has missed the record of this session, which lives here. It is written again.</summary>
    public void RestoreRecord(SessionRecord record)
    {
        if (record.State != SessionState.Ended) _restorer.Restore([record]);
    }

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
    /// Drains, once: it takes no new sessions, hands the living ones over to other transceivers, ends those that nobody takes, and returns
    /// the slots and the lease.
    /// </summary>
    public Task DrainAsync()
    {
        lock (_drainLock) return _drain ??= DrainOnceAsync();
    }

    private async Task DrainOnceAsync()
    {
        LogDraining(_logger, Directory.Living);
        Keeper.StartDraining();
        Events.Draining();
        // The deadline counts from here. A store that hangs must not add to it, because the drain would take longer than the platform
        // waits.
        long deadline = _time.GetTimestamp() + (long)(_options.DrainGrace.TotalSeconds * _time.TimestampFrequency);
        await _keepStop.CancelAsync().ConfigureAwait(false);
        await _keeping.ConfigureAwait(false);
        // The record says at once that this process leaves, so that nobody sends it a session meanwhile.
        using var keepingStop = new CancellationTokenSource();
        Task keeping = Try(Keeper.RunAsync(keepingStop.Token));
        using (var limit = new CancellationTokenSource(HandOverLimit))
        {
            await Try(MoveAwayAsync(limit.Token)).ConfigureAwait(false);
        }
        if (Directory.Living > 0) Keeper.NoteMoved();
        while (Directory.Living > 0 && _time.GetTimestamp() < deadline)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), _time, CancellationToken.None).ConfigureAwait(false);
            // A session may have become connected meanwhile.
            if (_sender.HasSuccessor) await Try(_sender.MoveAsync(CancellationToken.None)).ConfigureAwait(false);
        }

        // Sessions end before their slots are returned. A session whose slot is gone would end as fenced and report that to everybody.
        await Try(Task.WhenAll(Workers.Select(w => w.EndAllAsync(SessionEndReason.Drain)))
            .WaitAsync(EndLimit, _time, CancellationToken.None)).ConfigureAwait(false);
        // Whoever comes with a record of ours later is served by the next owner of its slot.
        if (!_sender.HasSuccessor) await Try(Loader.EndUnprovenAsync(Instant.Never, CancellationToken.None)).ConfigureAwait(false);
        await keepingStop.CancelAsync().ConfigureAwait(false);
        await keeping.ConfigureAwait(false);
        using (var leave = new CancellationTokenSource(LeaveLimit))
            await Try(Keeper.LeaveAsync(leave.Token)).ConfigureAwait(false);
        Events.Left();
        foreach (SessionWorker worker in Workers) worker.Stop();
        using var reports = new CancellationTokenSource(ReportLimit);
        await Task.WhenAll(
            _reporter.CompleteAsync(reports.Token), Events.CompleteAsync(reports.Token), Checkpoints.CompleteAsync(reports.Token))
            .ConfigureAwait(false);
        LogLeft(_logger, PendingReports);
    }

    /// <summary>
    /// Hands the sessions over while no relay reaches this process. Others can't see that: our record is renewed, so our lease does not run
    /// out.
    /// </summary>
    private async Task LookForRelaysAsync(CancellationToken cancellation)
    {
        Instant moveAt = Instant.Zero;
        using var timer = new PeriodicTimer(LookForRelaysEvery, _time);
        while (await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false))
        {
            Instant[] heard = [.. Workers.Select(worker => worker.RelaysHeardAt).Where(at => at != Instant.Never)];
            if (_isolation.Look(heard.Length == 0 ? Instant.Never : heard.Max(), Workers.All(w => w.IsCertain), MonotonicClock.Now))
            {
                Keeper.NoteFit(IsFit);
                if (_isolation.IsIsolated) LogIsolated(_logger, Directory.Living);
                else LogReached(_logger);
            }
            // Nobody may be able to take them yet. If no relay is there at all, everybody asks in vain.
            if (!_isolation.IsIsolated || Directory.Living == 0 || MonotonicClock.Now < moveAt) continue;
            await Try(MoveAwayAsync(cancellation)).ConfigureAwait(false);
            moveAt = MonotonicClock.Now + MoveAwayEvery;
        }
    }

    private async Task MoveAwayAsync(CancellationToken cancellation)
    {
        await _moving.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await _sender.PrepareAsync(cancellation).ConfigureAwait(false);
            if (_sender.HasSuccessor) await _sender.MoveAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            _moving.Release();
        }
    }

    /// <summary>What keeps this process from taking new sessions, in words for an operator.</summary>
    public IEnumerable<string> Missing()
    {
        OwnershipStatus status = Keeper.Status;
        if (status.IsDraining) yield return "draining";
        else if (_fitness.Problem is { } problem) yield return problem;
        else if (_isolation.IsIsolated) yield return "no relay reaches this process";
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
        await _sweep.DisposeAsync().ConfigureAwait(false);
        foreach (SessionWorker worker in Workers) worker.Dispose();
        Receiver.Dispose();
        Keeper.Dispose();
        _keepStop.Dispose();
        _moving.Dispose();
        await _reporter.DisposeAsync().ConfigureAwait(false);
        await Checkpoints.DisposeAsync().ConfigureAwait(false);
        await _restorer.DisposeAsync().ConfigureAwait(false);
        await Events.DisposeAsync().ConfigureAwait(false);
        _certificate.Dispose();
    }

    // A process that fails shows no room, so that signaling sends its callers elsewhere.
    private OwnLoad LoadNow()
        => new(IsFit ? Directory.Living : Math.Max(Directory.Living, _options.Capacity), LatenessMilliseconds(0.99));

    private bool TryServe(int slot, long epoch, int from)
    {
        if (!_slots.TryServe(slot, epoch)) return false;
        Keeper.NoteHandedOver(slot, epoch, from);
        return true;
    }

    private void OnOwnership(OwnershipEvent occurred)
    {
        if (occurred.Kind == OwnershipEventKind.Joined) Events.Joined();
        else if (occurred.Kind == OwnershipEventKind.StoreLost) OnStoreLost();
        else if (occurred.Kind == OwnershipEventKind.SlotMoved)
        {
            Events.SlotMoved(occurred.Slot, occurred.FromShard < 0 ? null : occurred.FromShard, occurred.ToShard, occurred.Epoch,
                occurred.Cause switch
                {
                    SlotMoveCause.OwnerGone => "owner_gone",
                    SlotMoveCause.OwnerSilent => "owner_silent",
                    SlotMoveCause.HandedOver => "hand_over",
                    _ => "no_owner",
                });
        }
    }

    /// <summary>Probes a port that answers and one that is closed, so that the first real probe does not wait for the compiler.</summary>
    private async Task RehearseProbeAsync(CancellationToken cancellation)
    {
        await _probe.ProbeAsync(Workers[0].Endpoint, _incarnation, cancellation).ConfigureAwait(false);
        int port;
        using (var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        }
        await _probe.ProbeAsync(new LinkEndpoint(LinkScheme.Udp, "127.0.0.1", port), _incarnation, cancellation).ConfigureAwait(false);
    }

    /// <summary>Does once what a takeover and a hand-over do, so that the first ones do not wait for the compiler.</summary>
    private async Task RehearseAsync(CancellationToken cancellation)
    {
        _isRehearsed = true;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(RehearsalLimit);
        // A worker that ends meanwhile does not answer.
        if (await _rehearsal.RunAsync(limit.Token).WaitAsync(limit.Token).ConfigureAwait(false) is { } sample)
            await _sender.RehearseAsync(sample, limit.Token).WaitAsync(limit.Token).ConfigureAwait(false);
    }

    private bool IsHere(SessionRecord record)
        => Factory.TryIdentify(record, out SessionId id) && (Directory.Find(id, out _) is not null || Unproven.Find(id) is not null);

    /// <summary>
    /// Signaling has ended a session that lives here: its caller came in the moment in which nobody had it. The caller is told now. A
    /// session that another owner gave up as lost lives on, if it does.
    /// </summary>
    private void EndAsElsewhere(SessionRecord ended)
    {
        if (ended.EndReason != SessionEndReason.OwnerLost && Factory.TryIdentify(ended, out SessionId id))
            Directory.Find(id, out _)?.End(id, ended.EndReason);
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

    [LoggerMessage(LogLevel.Error, "No relay reaches this process. Its {Sessions} sessions go to other transceivers, as far as they can")]
    private static partial void LogIsolated(ILogger logger, int sessions);

    [LoggerMessage(LogLevel.Information, "A relay reaches this process again")]
    private static partial void LogReached(ILogger logger);

    [LoggerMessage(LogLevel.Error, "A step of the ownership loop failed")]
    private static partial void LogStepFailed(ILogger logger, Exception exception);

    [LoggerMessage(LogLevel.Critical, "Worker {Worker} stands still. This process ends, so that another one can serve")]
    private static partial void LogStalled(ILogger logger, int worker);

    [LoggerMessage(LogLevel.Information, "Draining {Sessions} sessions")]
    private static partial void LogDraining(ILogger logger, int sessions);

    [LoggerMessage(LogLevel.Information, "Left; {Reports} reports undelivered")]
    private static partial void LogLeft(ILogger logger, long reports);
}

using System.Threading.Channels;
using Dapr.Voice.Hosting;
using Dapr.Voice.Ownership;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Ownership;

/// <summary>
/// Runs <see cref="SlotOwner"/>, which decides which slots this process serves: it reads and writes what the decisions need, probes peers,
/// and applies what follows to the <see cref="SlotTable"/>. While the store is away, the slots served before stay served. One loop runs it.
/// Methods named Note and Request may be called from any thread.
/// </summary>
internal sealed partial class SlotKeeper : IDisposable
{
    // Tens of small writes at once are no load for a store. A thousand would delay the writes of everyone else.
    private const int ParallelWrites = 8;

    // A process that leaves returns some thirty slots at once, which another one takes, beside calls that have just moved.
    private const int ParallelPatientWrites = 2;

    private readonly SlotTable _table;
    private readonly OwnerIdentity _self;
    private readonly OwnershipRecords _records;
    private readonly IPeerProbe _probe;
    private readonly OwnershipTiming _timing;
    private readonly Func<Instant> _clock;
    private readonly Action<OwnershipEvent> _told;
    private readonly ILogger _logger;
    private readonly SlotOwner _owner;
    private readonly ITimer _timer;

    // What the loop is told: answers, and what other threads note.
    private readonly Channel<Action<SlotOwner>> _inbox = Channel.CreateUnbounded<Action<SlotOwner>>(
        new UnboundedChannelOptions { SingleReader = true });
    private readonly Queue<OwnershipRequest> _writes = new(), _patientWrites = new();
    private readonly HashSet<int> _waitingForSessions = [];

    // A concurrent dictionary would be compiled when the first hand-over comes.
    private readonly Dictionary<int, TaskCompletionSource<bool>> _handOvers = [];
    private volatile OwnershipStatus _status = new(new Instant(long.MinValue), false, "not registered yet");
    private CancellationToken _cancellation;
    private int _running, _writing;
    private bool _wasRegistered;

    /// <param name="records">Reads and writes the records of the fleet.</param>
    /// <param name="clock">The monotonic clock of this process.</param>
    /// <param name="told">Called by the loop for each event of ownership. It must not wait.</param>
    public SlotKeeper(
        SlotTable table, FleetOptions fleet, OwnerIdentity self, OwnershipRecords records, IPeerProbe probe, TimeProvider time,
        Func<Instant> clock, Action<OwnershipEvent> told, ILogger logger)
    {
        (_table, _self, _records, _probe, _timing, _clock, _told, _logger) = (
            table, self, records, probe, table.Timing, clock, told, logger);
        _owner = new SlotOwner(
            self, (byte)fleet.RegionNumber, table.SlotCount, Math.Max(fleet.MaximumShards, self.Shard + 1), table.Timing, clock());
        _timer = time.CreateTimer(_ => _inbox.Writer.TryWrite(static _ => { }), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        table.ConfirmationWanted += RequestConfirmation;
    }

    /// <summary>The present status. Any thread may read it.</summary>
    public OwnershipStatus Status => _status;

    /// <summary>The number of slots that another owner took while this process served them. Each of them is an alarm.</summary>
    public long SlotsLost { get; private set; }

    /// <summary>A relay says that a process does not answer. The loop probes it at once.</summary>
    public void NoteSuspected(ushort shard, ulong incarnation) => Post(owner => owner.Suspect(new OwnerIdentity(shard, incarnation)));

    /// <summary>
    /// A relay has seen a slot under this epoch. If it is higher than ours, serving stops at once and in silence.
    /// </summary>
    public void NoteEpochSeen(int slot, long epoch) => Post(owner => owner.NoteEpochSeen(slot, epoch));

    /// <summary>A relay has told every epoch that it knows, with <see cref="NoteEpochSeen"/>. A new region is ready sooner then.</summary>
    public void NoteRelayView() => Post(static owner => owner.NoteRelayView());

    /// <summary>While a process cannot serve new sessions, it claims no slots.</summary>
    public void NoteFit(bool isFit) => Post(owner => owner.SetFit(isFit));

    /// <summary>
    /// A worker stood still. The slots are read again, and <see cref="SlotTable.ConfirmedAt"/> tells when they were ours.
    /// </summary>
    public void RequestConfirmation() => Post(static owner => owner.RequestSlotLook());

    /// <summary>Another transceiver says that a slot's record names this one now, with this epoch.</summary>
    /// <param name="from">The shard of the other one.</param>
    public void NoteHandedOver(int slot, long epoch, int from) => Post(owner =>
    {
        owner.NoteLeaving(from, _clock());
        owner.NoteHandedOver(slot, epoch, _clock());
    });

    /// <summary>
    /// Writes the successor into a slot's record, with the next epoch, and stops serving the slot. The caller has stopped its sessions and
    /// given them to the successor before. Any thread.
    /// </summary>
    /// <returns>False if the record does not name the successor, as far as is known. The slot is still served then, or was lost.</returns>
    public Task<bool> HandOverAsync(int slot, int shard, ulong incarnation)
    {
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_handOvers)
        {
            if (!_handOvers.TryAdd(slot, done)) return Task.FromResult(false);
        }
        Post(owner => owner.HandOver(slot, new OwnerIdentity(shard, incarnation), _clock()));
        return done.Task;
    }

    /// <summary>
    /// From the next step on, our record says that this process leaves, so it gets no new sessions. It keeps its slots until <see
    /// cref="NoteMoved"/>.
    /// </summary>
    public void StartDraining()
    {
        _status = _status with { IsDraining = true };
        Post(static owner =>
        {
            owner.SetReturning(false);
            owner.StartDraining();
        });
    }

    /// <summary>
    /// It stays with the sessions that nobody has taken. Slots without sessions are returned. Those of a process that leaves at once are
    /// returned by <see cref="LeaveAsync"/>.
    /// </summary>
    public void NoteMoved() => Post(static owner => owner.SetReturning(true));

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        _cancellation = cancellation;
        while (!cancellation.IsCancellationRequested)
        {
            Turn();
            Instant next = _owner.NextTimeout;
            TimeSpan wait = next - _clock();
            if (wait > TimeSpan.Zero)
            {
                // Timers count whole milliseconds and round down.
                _timer.Change(next == Instant.Never ? Timeout.InfiniteTimeSpan : wait + TimeSpan.FromMilliseconds(1),
                    Timeout.InfiniteTimeSpan);
                await _inbox.Reader.WaitToReadAsync(cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Does what is due, and everything that follows from it. Throws only if cancelled.</summary>
    public async Task StepAsync(CancellationToken cancellation)
    {
        _cancellation = cancellation;
        Turn();
        while (_running > 0 || _inbox.Reader.TryPeek(out _))
        {
            await _inbox.Reader.WaitToReadAsync(cancellation).ConfigureAwait(false);
            Turn();
        }
    }

    /// <summary>
    /// Returns every slot and lets our lease end, so that others take over at once. It does what it can: the end of this process settles
    /// what the store did not accept. <see cref="RunAsync"/> has ended before.
    /// </summary>
    public async Task LeaveAsync(CancellationToken cancellation)
    {
        _cancellation = cancellation;
        Post(static owner => owner.Leave());
        for (Turn(); !_owner.HasLeft; Turn())
        {
            TimeSpan wait = _owner.NextTimeout - _clock();
            _timer.Change(_owner.NextTimeout == Instant.Never ? Timeout.InfiniteTimeSpan
                : wait > TimeSpan.Zero ? wait + TimeSpan.FromMilliseconds(1) : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
            await _inbox.Reader.WaitToReadAsync(cancellation).ConfigureAwait(false);
        }
        await _records.EndLeaseAsync(cancellation).ConfigureAwait(false);
    }

    public void Dispose()
    {
        _table.ConfirmationWanted -= RequestConfirmation;
        _timer.Dispose();
    }

    private void Post(Action<SlotOwner> input) => _inbox.Writer.TryWrite(input);

    private void Turn()
    {
        // Before anything else: whoever stood still believes nothing from before.
        if (_owner.NextTimeout <= _clock()) _owner.HandleTimeout(_clock());
        StartRequests();
        while (_inbox.Reader.TryRead(out Action<SlotOwner>? input))
        {
            input(_owner);
            StartRequests();
        }
        if (_waitingForSessions.Count > 0 && _waitingForSessions.RemoveWhere(slot => _table.SessionsOf(slot) == 0) > 0)
            _owner.RequestSlotLook();
        if (_owner.NextTimeout <= _clock()) _owner.HandleTimeout(_clock());
        StartRequests();
        while (_owner.TryTakeEvent(out OwnershipEvent occurred)) NoteEvent(occurred);
        NoteStatus();
    }

    private void StartRequests()
    {
        while (_owner.TryTakeRequest(out OwnershipRequest request)) Start(request);
        while (_writing < ParallelWrites && _writes.TryDequeue(out OwnershipRequest write)) Write(write);
        while (_writing < ParallelPatientWrites && _patientWrites.TryDequeue(out OwnershipRequest patient)) Write(patient);
    }

    private void Write(OwnershipRequest request)
    {
        _writing++;
        _running++;
        _ = WriteSlotAsync(request);
    }

    private void Start(OwnershipRequest request)
    {
        switch (request.Kind)
        {
            case OwnershipRequestKind.ReadFleet:
                _running++;
                _ = ReadFleetAsync(request.IsFull);
                break;
            case OwnershipRequestKind.WriteRecord:
                _running++;
                _ = WriteRecordAsync(request);
                break;
            case OwnershipRequestKind.ReadSlots:
                _waitingForSessions.Clear();
                _running++;
                _ = ReadSlotsAsync();
                break;
            case OwnershipRequestKind.WriteSlot:
                (request.CanWait ? _patientWrites : _writes).Enqueue(request);
                break;
            case OwnershipRequestKind.Probe:
                _running++;
                _ = ProbeAsync(request.Owner);
                break;
            case OwnershipRequestKind.Serve:
                _table.Serve(request.Slot, request.Epoch);
                break;
            case OwnershipRequestKind.Drop:
                Drop(request);
                break;
            case OwnershipRequestKind.Withdraw:
                bool isWithdrawn = _table.SessionsOf(request.Slot) == 0 && _table.TryWithdraw(request.Slot);
                if (!isWithdrawn) _waitingForSessions.Add(request.Slot);
                _owner.Withdrawn(request.Slot, isWithdrawn, _clock());
                break;
            case OwnershipRequestKind.Confirm:
                _table.Confirm(request.Began);
                break;
            case OwnershipRequestKind.HandedOver:
                TaskCompletionSource<bool>? handOver;
                lock (_handOvers) _handOvers.Remove(request.Slot, out handOver);
                handOver?.TrySetResult(request.IsFull);
                break;
        }
    }

    private void Drop(in OwnershipRequest request)
    {
        bool isOurs;
        lock (_handOvers) isOurs = _handOvers.ContainsKey(request.Slot) || _owner.IsDraining;
        _table.Drop(request.Slot);
        if (isOurs) return;
        SlotsLost++;
        LogLost(_logger, request.Slot, request.Epoch);
    }

    private async Task ReadFleetAsync(bool isFull)
    {
        TransceiverView[]? views = await TryAsync(limit => _records.ReadFleetAsync(isFull, limit), null).ConfigureAwait(false);
        Answer(owner =>
        {
            if (views is null) owner.FleetUnreadable(_clock());
            else owner.FleetRead(views, _clock());
        });
    }

    private async Task WriteRecordAsync(OwnershipRequest request)
    {
        StoreWrite written = await TryAsync(
            limit => _records.WriteRecordAsync(request.Epoch, request.ETag, _owner.TakesNone, limit), StoreWrite.Unknown)
            .ConfigureAwait(false);
        Answer(owner => owner.RecordWritten(written, _clock()));
    }

    private async Task ReadSlotsAsync()
    {
        SlotView[]? views = await TryAsync(_records.ReadSlotsAsync, null).ConfigureAwait(false);
        Answer(owner =>
        {
            if (views is null) owner.SlotsUnreadable(_clock());
            else owner.SlotsRead(views, _clock());
        });
    }

    private async Task WriteSlotAsync(OwnershipRequest request)
    {
        StoreWrite written = await TryAsync(
            limit => _records.WriteSlotAsync(request.Slot, request.Owner, request.Epoch, request.ETag, limit), StoreWrite.Unknown)
            .ConfigureAwait(false);
        Answer(owner =>
        {
            _writing--;
            owner.SlotWritten(request.Slot, written, _clock());
        });
    }

    private async Task ProbeAsync(OwnerIdentity peer)
    {
        PeerProbeOutcome outcome = _records.PlaceOf(peer) is not { } place ? PeerProbeOutcome.Silent : await TryAsync(
            limit => _probe.ProbeAsync(place.Endpoint, place.Incarnation, limit), PeerProbeOutcome.Silent, _timing.Probe)
            .ConfigureAwait(false);
        Answer(owner => owner.Probed(peer, outcome switch
        {
            PeerProbeOutcome.Alive => ProbeAnswer.Alive,
            PeerProbeOutcome.OtherProcess => ProbeAnswer.OtherProcess,
            PeerProbeOutcome.PortClosed => ProbeAnswer.PortClosed,
            _ => ProbeAnswer.Silent,
        }, _clock()));
    }

    private void Answer(Action<SlotOwner> answer) => Post(owner =>
    {
        _running--;
        answer(owner);
    });

    /// <summary>The decisions wait for an answer, so there is always one, and soon: no renewal waits for an answer that is lost.</summary>
    private async Task<T> TryAsync<T>(Func<CancellationToken, Task<T>> operation, T failure, TimeSpan? within = null)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_cancellation);
        limit.CancelAfter(within ?? _timing.Operation);
        try
        {
            return await operation(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return failure;
        }
        catch (Exception e)
        {
            LogOperationFailed(_logger, e);
            return failure;
        }
    }

    private void NoteStatus()
    {
        string? problem = _owner.Problem switch
        {
            OwnershipProblem.None => null,
            OwnershipProblem.NotRegistered => "not registered yet",
            OwnershipProblem.StoreUnreadable => $"the state store cannot be read ({_records.LastError})",
            OwnershipProblem.RecordUnwritable => $"our record cannot be written ({_records.LastError})",
            OwnershipProblem.PredecessorAlive => $"another process of shard {_self.Shard} is alive",
            OwnershipProblem.Superseded => $"another process took shard {_self.Shard} over",
            _ => "left",
        };
        OwnershipStatus before = _status;
        var status = new OwnershipStatus(_owner.HeldUntil, _owner.IsDraining || before.IsDraining, problem);
        if (status == before) return;
        _status = status;
        if (problem == before.Problem) return;
        bool wasRegistered = _wasRegistered;
        _wasRegistered |= _owner.IsRegistered;
        if (problem is null && wasRegistered) LogGoesOn(_logger, before.Problem!, _table.ServedCount);
        else if (_owner.Problem == OwnershipProblem.Superseded) LogSuperseded(_logger, _self.Shard);
        else if (problem is not null && !_owner.HasLeft) LogAway(_logger, problem, _table.ServedCount);
    }

    private void NoteEvent(in OwnershipEvent occurred)
    {
        if (occurred.Kind == OwnershipEventKind.PeerDied) LogPeerDied(_logger, occurred.ToShard);
        if (occurred.Kind == OwnershipEventKind.StoreLost) LogStoreLost(_logger, _table.ServedCount);
        if (occurred.Kind == OwnershipEventKind.Joined) LogRegistered(_logger, _self.Shard, _self.IncarnationText);
        if (occurred is { Kind: OwnershipEventKind.SlotMoved, Cause: not SlotMoveCause.Unowned })
            LogMoved(_logger, occurred.Slot, occurred.FromShard, occurred.ToShard, occurred.Epoch, occurred.Cause);
        _told(occurred);
    }

    [LoggerMessage(LogLevel.Information, "Registered as shard {Shard}, incarnation {Incarnation}")]
    private static partial void LogRegistered(ILogger logger, int shard, string incarnation);

    [LoggerMessage(LogLevel.Warning, "Ownership stands still: {Problem}; {Slots} slots go on being served, no new sessions once the lease "
        + "has ended")]
    private static partial void LogAway(ILogger logger, string problem, int slots);

    [LoggerMessage(LogLevel.Information, "Ownership goes on: our record is written again, after '{Problem}'; {Slots} slots are served")]
    private static partial void LogGoesOn(ILogger logger, string problem, int slots);

    [LoggerMessage(LogLevel.Error, "Another process has taken over shard {Shard}. Serving stops")]
    private static partial void LogSuperseded(ILogger logger, int shard);

    [LoggerMessage(LogLevel.Warning, "Shard {Shard} counts as dead")]
    private static partial void LogPeerDied(ILogger logger, int shard);

    [LoggerMessage(LogLevel.Error, "The state store has lost its data. Our {Slots} slots and the records of their sessions "
        + "are written again")]
    private static partial void LogStoreLost(ILogger logger, int slots);

    [LoggerMessage(LogLevel.Information, "Slot {Slot} moved from shard {From} to shard {To} with epoch {Epoch}: {Cause}")]
    private static partial void LogMoved(ILogger logger, int slot, int from, int to, long epoch, SlotMoveCause cause);

    [LoggerMessage(LogLevel.Error, "Slot {Slot} has another owner with a higher epoch than our {Epoch}. Its sessions end here")]
    private static partial void LogLost(ILogger logger, int slot, long epoch);

    [LoggerMessage(LogLevel.Error, "An operation of the ownership loop failed")]
    private static partial void LogOperationFailed(ILogger logger, Exception exception);
}

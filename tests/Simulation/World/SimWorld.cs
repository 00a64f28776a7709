using Dapr.Voice.Ownership;

namespace Dapr.Voice.Tests.Simulation.World;

internal enum FaultKind
{
    Kill,
    Pause,
    CutStore,
    CutPeer,
    CutRelay,
    StoreAway,
    StoreSlow,
    LoseData,
    ClockJump,
    LoseMessages,
    RelayRestarts,
    HandOver,
    Drain,
    FalseSuspicion,
    Join,
    SlotIsEmpty,
}

/// <summary>A rule was broken.</summary>
internal sealed record SimViolation(ulong Seed, double Milliseconds, string What, int Process, int Slot)
{
    public override string ToString() => $"seed {Seed}: at {Milliseconds:0.0} ms process {Process} {What} (slot {Slot})";
}

/// <summary>
/// A region in virtual time: transceivers, two relays and a state store, with everything that fails between them. One seed gives one
/// schedule. The same object plays many, so that a schedule costs little.
/// </summary>
internal sealed class SimWorld
{
    public const int Shards = 4, MaximumSlots = 3, MaximumProcesses = 16, Relays = 2;

    public static readonly OwnershipTiming Timing = OwnershipTiming.Default;
    public static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(350);
    public static readonly long TickEvery = TimeSpan.FromMilliseconds(300).Ticks;

    /// <summary>Each slot has one owner this long after everything is healed.</summary>
    public static readonly long SettleWithin = TimeSpan.FromSeconds(9).Ticks;

    private static readonly long CheckEvery = TimeSpan.FromMilliseconds(250).Ticks;

    /// <summary>The deadline of an operation.</summary>
    private static readonly long StoreDeadline = Timing.Operation.Ticks;

    private readonly SimProcess[] _processes = new SimProcess[MaximumProcesses];
    private readonly List<StoreOp> _ops = [];
    private readonly Stack<StoreOp> _freeOps = new();
    private readonly long[] _cutStore = new long[MaximumProcesses], _cutRelay = new long[MaximumProcesses * Relays];
    private readonly long[] _cutPeer = new long[MaximumProcesses * MaximumProcesses];
    private readonly long[] _relayEpochs = new long[Relays * MaximumSlots];
    private SimRandom _random;
    private int _processCount, _keys, _loss, _clockOffsets, _lateWrites;
    private long _storeAwayUntil, _storeSlowUntil, _lossUntil, _healAt, _checkpointsLostAt;
    private bool _isStoreFastToFail, _isMixed, _isNewRegion;
    private ulong _seed;

    public SimWorld(RuleBreak broken = RuleBreak.None)
    {
        Broken = broken;
        Oracle = new Oracle(this);
        for (int i = 0; i < MaximumProcesses; i++) _processes[i] = new SimProcess(this, i);
    }

    public RuleBreak Broken { get; }
    public EventQueue Queue { get; } = new();
    public SimStore Store { get; } = new();
    public Oracle Oracle { get; }
    public ref SimRandom Random => ref _random;
    public long Now { get; private set; }
    public int SlotCount { get; private set; }
    public bool HasNames { get; private set; }
    public bool HasLostData => Losses > 0;
    public int Losses { get; private set; }
    public SimViolation? Violation { get; private set; }

    /// <summary>The number of events of all schedules.</summary>
    public long Events { get; private set; }

    /// <summary>What happened, in words, if it is not null.</summary>
    public List<string>? Trace { get; set; }

    public SimProcess Process(int index) => _processes[index];

    public SimProcess? Server(int slot, long epoch) => Oracle.ServerOf(slot, epoch) is >= 0 and var index ? _processes[index] : null;

    public int NextKey() => _keys++;

    /// <summary>Plays one schedule.</summary>
    /// <returns>The first rule that was broken, or null.</returns>
    public SimViolation? Play(ulong seed)
    {
        Begin(seed);
        while (Violation is null && Queue.TryTake(out SimEvent next))
        {
            Now = next.At;
            Events++;
            if (next.Kind == SimEventKind.Check)
            {
                if (IsSettled()) return null;
                bool isOver = Now >= _healAt + SettleWithin;
                // The release before takes longer for some of what it does.
                if (isOver && IsPreviousReleaseThere()) return null;
                if (isOver)
                {
                    for (int i = 0; Trace is not null && i < _processCount; i++) Trace.AddRange(_processes[i].Describe());
                    Violate("has not settled: " + Unsettled(), -1, -1);
                }
                Queue.Add(Now + CheckEvery, SimEventKind.Check);
                continue;
            }
            Handle(next);
        }
        return Violation;
    }

    public void Violate(string what, int process, int slot)
    {
        Violation ??= new SimViolation(_seed, Now / (double)TimeSpan.TicksPerMillisecond, what, process, slot);
        Trace?.Add($"{Now / 10_000.0:0.0} VIOLATION process {process} {what} (slot {slot})");
    }

    public StoreOp NewOp(StoreOpKind kind, int process)
    {
        if (!_freeOps.TryPop(out StoreOp? op))
        {
            op = new StoreOp { Index = _ops.Count };
            _ops.Add(op);
        }
        (op.Kind, op.Process, op.Began, op.IsFailed, op.IsAnswered, op.IsUnconditional) = (kind, process, Now, false, false, false);
        (op.Slot, op.Owner, op.Epoch, op.ETag) = (0, OwnerIdentity.Nobody, 0, null);
        return op;
    }

    /// <summary>Sends an operation to the store. The process gets exactly one answer.</summary>
    public void Send(SimProcess from, StoreOp op)
    {
        bool isCut = _cutStore[from.Index] > Now;
        if (isCut || _storeAwayUntil > Now || IsLost())
        {
            Answer(op, Now + (_isStoreFastToFail ? _random.Milliseconds(1, 20) : StoreDeadline), StoreWrite.Unknown, true);
            return;
        }
        bool isSlow = _storeSlowUntil > Now;
        long there = isSlow ? _random.Milliseconds(1, 1500) : _random.Milliseconds(1, 6);
        // A write may hang on its way and be applied when nobody waits for it any more.
        if (Now < _healAt && _random.Below(isSlow ? 15 : LateOne(op.Kind)) == 0) there = _random.Milliseconds(1000, 3500);
        if (there >= StoreDeadline)
        {
            op.IsAnswered = true;
            Answer(op, Now + StoreDeadline, StoreWrite.Unknown, true, isOnItsWay: true);
        }
        Queue.Add(Now + there, SimEventKind.StoreArrive, op.Index, from.Index);
    }

    public void Probe(SimProcess from, in OwnerIdentity owner)
        => Queue.Add(Now + _random.Milliseconds(1, 6), SimEventKind.ProbeArrive, from.Index, (int)owner.Incarnation - 1, Now);

    /// <summary>Tells the relays the slots of a process.</summary>
    public void Announce(SimProcess process)
    {
        for (int relay = 0; relay < Relays; relay++)
        {
            if (_cutRelay[(process.Index * Relays) + relay] > Now) continue;
            for (int slot = 0; slot < SlotCount; slot++)
            {
                long known = _relayEpochs[(relay * MaximumSlots) + slot];
                if (known > process.Table[slot] && process.Knowledge.Told[slot] < known) Tell(relay, process.Index, slot, known);
                if (process.Table[slot] > 0 && !IsLost())
                    Queue.Add(Now + _random.Milliseconds(1, 20), SimEventKind.RelayLearns, relay,
                        (process.Index * MaximumSlots) + slot, process.Table[slot]);
            }
        }
    }

    /// <summary>A packet leaves through each relay that the process reaches.</summary>
    public void Deliver(SimProcess process, int slot, long epoch)
    {
        for (int relay = 0; relay < Relays; relay++)
        {
            if (_cutRelay[(process.Index * Relays) + relay] > Now) continue;
            bool isStale = _relayEpochs[(relay * MaximumSlots) + slot] > epoch;
            if (isStale && Broken != RuleBreak.RelayPassesStaleEpochs) continue;
            // The relay knows the successor, whose packets the client may have.
            if (isStale) Violate("is heard by a client that may hear its successor, through one relay", process.Index, slot);
            _relayEpochs[(relay * MaximumSlots) + slot] = Math.Max(_relayEpochs[(relay * MaximumSlots) + slot], epoch);
        }
    }

    public void EndSession(int slot) => Store.EndSession(slot, _keys);

    public void NoteHandedOver(int slot, OwnerIdentity successor, long epoch)
    {
        int to = Array.FindIndex(_processes, 0, _processCount, process => process.Id == successor);
        if (to < 0) return;
        // A request may hang for as long as its sender waits.
        long wait = _random.Percent(80) ? _random.Milliseconds(1, 10) : _random.Milliseconds(10, 1500);
        Queue.Add(Now + wait, SimEventKind.HandedOver, to, slot, epoch);
    }

    private int LateOne(StoreOpKind kind) => kind == StoreOpKind.WriteCheckpoint ? (_lateWrites + 11) / 8 : _lateWrites;

    private bool IsLost() => _lossUntil > Now && _random.Percent(_loss);

    private void Handle(in SimEvent next)
    {
        switch (next.Kind)
        {
            case SimEventKind.StoreArrive:
                Apply(_ops[next.A]);
                return;
            case SimEventKind.RelayLearns:
                Learn(next.A, next.B / MaximumSlots, next.B % MaximumSlots, next.C);
                return;
            case SimEventKind.ProbeArrive:
                AnswerProbe(next);
                return;
            case SimEventKind.Fault:
                Fail((FaultKind)next.A, next.B);
                return;
            case SimEventKind.Start:
                StartProcess(next.A, next.B);
                return;
        }
        SimProcess process = _processes[next.Kind == SimEventKind.StoreAnswer ? next.B : next.A];
        if (!process.IsAlive) return;
        if (process.PausedUntil > Now)
        {
            // It finds what has come when it goes on.
            Queue.Add(process.PausedUntil, next.Kind, next.A, next.B, next.C);
            if (next.Kind == SimEventKind.Wake) process.MoveWake(next.At);
            return;
        }
        switch (next.Kind)
        {
            case SimEventKind.Tick:
                process.Tick();
                break;
            case SimEventKind.Wake:
                process.Wake(next.At);
                break;
            case SimEventKind.StoreAnswer:
                StoreOp op = _ops[next.A];
                process.Hear(op);
                // An operation that hangs is still on its way.
                if (next.C == 0) _freeOps.Push(op);
                break;
            case SimEventKind.ProbeAnswer:
                process.HearProbe(next.B >> 3, (ProbeAnswer)(next.B & 7), next.C);
                break;
            case SimEventKind.RelayTells:
                process.HearEpoch(next.B, next.C);
                break;
            case SimEventKind.RelayGreets:
                Greet(process, next.B);
                break;
            case SimEventKind.Suspect:
                process.Suspect(_processes[next.B].Id);
                break;
            case SimEventKind.HandedOver:
                process.NoteHandedOver(next.B, next.C);
                break;
            case SimEventKind.Moved:
                process.NoteMoved();
                break;
        }
    }

    private void Answer(StoreOp op, long at, StoreWrite outcome, bool isFailed, bool isOnItsWay = false)
    {
        (op.Outcome, op.IsFailed) = (outcome, isFailed);
        Queue.Add(Math.Max(at, Now), SimEventKind.StoreAnswer, op.Index, op.Process, isOnItsWay ? 1 : 0);
    }

    /// <summary>An operation arrives at the store.</summary>
    private void Apply(StoreOp op)
    {
        SimProcess process = _processes[op.Process];
        StoreWrite outcome = StoreWrite.Unknown;
        SimStore.SlotRow before = Store.Slot(op.Slot);
        bool isAway = _storeAwayUntil > Now;
        if (!isAway)
        {
            switch (op.Kind)
            {
                case StoreOpKind.ReadFleet:
                    Store.ReadFleet(op, process.Endpoint, this);
                    op.Owner = process.Id;
                    break;
                case StoreOpKind.WriteRecord:
                    outcome = Store.WriteRecord(op, process.Endpoint, Now);
                    break;
                case StoreOpKind.ReadSlots:
                    Store.ReadSlots(op, SlotCount);
                    break;
                case StoreOpKind.WriteSlot:
                    outcome = Store.WriteSlot(op);
                    if (outcome == StoreWrite.Written && Store.Slot(op.Slot).ETag != before.ETag) Oracle.NoteWritten(op, before);
                    break;
                case StoreOpKind.ReadCheckpoint:
                    Store.ReadCheckpoint(op);
                    break;
                default:
                    outcome = Store.WriteCheckpoint(op);
                    if (outcome == StoreWrite.Written && op.Began < _checkpointsLostAt) Oracle.NoteOldCheckpoint(op.Slot);
                    break;
            }
        }
        Trace?.Add($"{Now / 10_000.0:0.0} store {op.Kind} of {op.Process} slot {op.Slot} owner {op.Owner.Shard}/{op.Owner.Incarnation} "
            + $"epoch {op.Epoch} etag {op.ETag ?? "-"}: {(isAway ? "away" : outcome)}");
        // Nobody waits for it any more.
        if (op.IsAnswered) return;
        // Some stores say 500 to a lost create, and reading the key back may fail, too.
        if (outcome == StoreWrite.Conflict && op.ETag is null && _random.Percent(20)) outcome = StoreWrite.Unknown;
        long deadline = op.Began + StoreDeadline;
        long back = _storeSlowUntil > Now ? _random.Milliseconds(1, 800) : _random.Milliseconds(1, 6);
        bool isAnswerLost = isAway || IsLost() || _cutStore[op.Process] > Now || (Now < _healAt && _random.Below(200) == 0);
        if (isAnswerLost || Now + back >= deadline) Answer(op, deadline, StoreWrite.Unknown, true);
        else Answer(op, Now + back, outcome, false);
    }

    private void Learn(int relay, int from, int slot, long epoch)
    {
        ref long known = ref _relayEpochs[(relay * MaximumSlots) + slot];
        if (epoch > known)
        {
            known = epoch;
            for (int i = 0; i < _processCount; i++)
            {
                if (i != from && _processes[i].IsAlive) Tell(relay, i, slot, epoch);
            }
        }
        else if (epoch < known)
        {
            Tell(relay, from, slot, known);
        }
    }

    private void Tell(int relay, int process, int slot, long epoch)
    {
        if (_cutRelay[(process * Relays) + relay] <= Now && !IsLost())
            Queue.Add(Now + _random.Milliseconds(1, 120), SimEventKind.RelayTells, process, slot, epoch);
    }

    private void Greet(SimProcess process, int relay)
    {
        if (_cutRelay[(process.Index * Relays) + relay] > Now) return;
        for (int slot = 0; slot < SlotCount; slot++)
        {
            if (_relayEpochs[(relay * MaximumSlots) + slot] is > 0 and var epoch) process.HearEpoch(slot, epoch);
        }
        if (_random.Percent(50)) process.HearRelayView();
    }

    private void AnswerProbe(in SimEvent probe)
    {
        SimProcess asking = _processes[probe.A], asked = _processes[probe.B];
        long timeout = probe.C + Timing.Probe.Ticks, at = Now + _random.Milliseconds(1, 5);
        ProbeAnswer answer;
        asking.Knowledge.NoteName(probe.B, HasNames);
        SimProcess? there = null;
        for (int i = 0, found = 0; i < _processCount; i++)
        {
            // Behind a name several processes may listen at once.
            if (_processes[i].IsAlive && _processes[i].Endpoint == asked.Endpoint && (there is null || _random.Below(++found + 1) == 0))
                there = _processes[i];
        }
        if (_cutPeer[(probe.A * MaximumProcesses) + probe.B] > Now || (_lossUntil > Now && _random.Percent(_loss / 2)))
            (answer, at) = (ProbeAnswer.Silent, timeout);
        else if (there is null || (HasNames && _random.Percent(5)))
            answer = ProbeAnswer.PortClosed;
        else if (there.PausedUntil > timeout)
            (answer, at) = (ProbeAnswer.Silent, timeout);
        else
            (answer, at) = (there == asked ? ProbeAnswer.Alive : ProbeAnswer.OtherProcess, Math.Max(at, there.PausedUntil));
        Trace?.Add($"{Now / 10_000.0:0.0} probe of {probe.B} by {probe.A}: {answer}");
        Queue.Add(at, SimEventKind.ProbeAnswer, probe.A, (probe.B << 3) | (int)answer, probe.C);
    }

    private void Begin(ulong seed)
    {
        _seed = seed;
        _random = new SimRandom(seed);
        Now = 0;
        Violation = null;
        Queue.Clear();
        Store.Reset();
        Oracle.Reset();
        _freeOps.Clear();
        foreach (StoreOp op in _ops) _freeOps.Push(op);
        for (int i = 0; i < _processCount; i++) _processes[i].IsAlive = false;
        Array.Clear(_cutStore);
        Array.Clear(_cutRelay);
        Array.Clear(_cutPeer);
        Array.Clear(_relayEpochs);
        (_processCount, _keys, _storeAwayUntil, _storeSlowUntil, _lossUntil) = (0, 0, 0, 0, 0);
        _isStoreFastToFail = false;
        Losses = 0;
        _checkpointsLostAt = 0;
        _loss = 0;
        SlotCount = _random.Between(1, MaximumSlots);
        _isMixed = _random.Percent(12);
        // One operation of so many hangs on its way.
        _lateWrites = _random.Percent(15) ? 12 : 300;
        HasNames = _random.Percent(15);
        Store.RestartsETags = _random.Percent(40);
        Store.AcceptsETagOfAMissingKey = _random.Percent(40);
        _clockOffsets = _isMixed ? 600 : 1_200_000;
        _isNewRegion = _random.Percent(15);
        if (!_isNewRegion) Store.Prefill(SlotCount);
        int owners = _random.Between(2, 4);
        for (int shard = 0; shard < owners; shard++)
            Queue.Add(_random.Milliseconds(0, 400), SimEventKind.Start, shard, shard);
        _healAt = _random.Milliseconds(2000, 6500);
        int faults = _random.Between(1, 6);
        for (int i = 0; i < faults; i++)
            Queue.Add(_random.Milliseconds(500, (int)(_healAt / TimeSpan.TicksPerMillisecond)), SimEventKind.Fault, Draw());
        Queue.Add(_healAt, SimEventKind.Fault, -1);
    }

    private int Draw()
    {
        // Data are not lost in a mixed fleet: the release before cannot bear it.
        int draw = _random.Below(100);
        return (int)(draw switch
        {
            < 16 => FaultKind.Kill,
            < 38 => FaultKind.Pause,
            < 46 => FaultKind.CutStore,
            < 52 => FaultKind.CutPeer,
            < 56 => FaultKind.CutRelay,
            < 61 => FaultKind.StoreAway,
            < 66 => FaultKind.StoreSlow,
            < 76 => _isMixed ? FaultKind.Pause : FaultKind.LoseData,
            < 80 => FaultKind.ClockJump,
            < 84 => FaultKind.LoseMessages,
            < 86 => FaultKind.RelayRestarts,
            < 91 => FaultKind.HandOver,
            < 93 => FaultKind.Drain,
            < 95 => FaultKind.FalseSuspicion,
            _ => FaultKind.Join,
        });
    }

    private void StartProcess(int shard, int endpoint)
    {
        if (_processCount == MaximumProcesses) return;
        // Without records nobody can know that the shard is taken.
        if ((HasLostData || _isMixed) && IsTaken(shard)) return;
        SimProcess process = _processes[_processCount];
        // At an address of its own.
        if (endpoint < 0) endpoint = Shards + _processCount;
        long origin = _random.Milliseconds(0, 1_000_000);
        process.WallOffset = _random.Milliseconds(-_clockOffsets, _clockOffsets);
        _processCount++;
        process.Start(shard, endpoint, _isMixed && _random.Percent(50), origin);
        Trace?.Add($"{Now / 10_000.0:0.0} start {process.Index} of shard {shard} at {endpoint}"
            + (process.IsPreviousRelease ? ", previous release" : ""));
        for (int relay = 0; relay < Relays; relay++)
            Queue.Add(Now + _random.Milliseconds(20, 600), SimEventKind.RelayGreets, process.Index, relay);
    }

    /// <summary>How long something fails. Everything is healed at the end.</summary>
    private long Until(int from, int to) => Math.Min(_healAt, Now + _random.Milliseconds(from, to));

    private void Fail(FaultKind kind, int argument)
    {
        if ((int)kind == -1)
        {
            Heal();
            return;
        }
        if (kind == FaultKind.SlotIsEmpty)
        {
            if (!_processes[argument].IsAlive) return;
            if (_processes[argument].PausedUntil > Now)
                Queue.Add(_processes[argument].PausedUntil, SimEventKind.Fault, (int)kind, argument);
            else _processes[argument].RequestSlotLook();
            return;
        }
        SimProcess victim = _processes[_random.Below(_processCount)], other = _processes[_random.Below(_processCount)];
        Trace?.Add($"{Now / 10_000.0:0.0} {kind} {victim.Index} {other.Index}");
        switch (kind)
        {
            case FaultKind.Kill:
                Kill(victim);
                break;
            case FaultKind.Pause:
                if (!victim.IsAlive) break;
                victim.Pause(Until(200, _random.Percent(50) ? 2500 : 5500));
                // Several at once, as when a machine is frozen.
                if (_random.Percent(25) && other.IsAlive) other.Pause(Until(200, 4000));
                if (_random.Percent(30)) Suspect(victim, 300, 1500);
                break;
            case FaultKind.CutStore:
                _cutStore[victim.Index] = Until(200, 5000);
                _isStoreFastToFail = _random.Percent(50);
                // A partition often cuts more than one thing.
                if (_random.Percent(30)) CutPeers(victim, _cutStore[victim.Index]);
                break;
            case FaultKind.CutPeer:
                CutPeers(victim, Until(500, 5000));
                break;
            case FaultKind.CutRelay:
                _cutRelay[(victim.Index * Relays) + _random.Below(Relays)] = Until(200, 5000);
                break;
            case FaultKind.StoreAway:
                _storeAwayUntil = Until(100, 4000);
                _isStoreFastToFail = _random.Percent(50);
                if (!_isMixed && _random.Percent(30)) LoseData();
                break;
            case FaultKind.StoreSlow:
                _storeSlowUntil = Until(500, 4000);
                break;
            case FaultKind.LoseData:
                LoseData();
                if (_random.Percent(50)) Join();
                if (_random.Percent(30) && victim.IsAlive) _cutStore[victim.Index] = Until(200, 5000);
                break;
            case FaultKind.ClockJump:
                victim.WallOffset += _random.Percent(50) ? _random.Milliseconds(-_clockOffsets, _clockOffsets)
                    : _random.Milliseconds(-10_000, 10_000) * (_isMixed ? 0 : 1);
                if (_isMixed) victim.WallOffset = _random.Milliseconds(-_clockOffsets, _clockOffsets);
                break;
            case FaultKind.LoseMessages:
                (_lossUntil, _loss) = (Until(500, 4000), _random.Between(5, 60));
                break;
            case FaultKind.RelayRestarts:
                int relay = _random.Below(Relays);
                Array.Clear(_relayEpochs, relay * MaximumSlots, MaximumSlots);
                break;
            case FaultKind.HandOver:
                if (!victim.IsAlive || !other.IsAlive || victim == other || victim.PausedUntil > Now || other.IsPreviousRelease) break;
                // The successor answers first that it takes sessions.
                if (!other.IsAdmitting) break;
                int slot = _random.Below(SlotCount);
                victim.HandOver(slot, other.Id);
                break;
            case FaultKind.Drain:
                if (!victim.IsAlive || victim.PausedUntil > Now) break;
                // Half of them hand sessions over before they return slots.
                bool isMoving = Now % 2 == 0;
                victim.StartDraining(keepsSlots: isMoving);
                if (isMoving) Queue.Add(Now + _random.Milliseconds(0, 2500), SimEventKind.Moved, victim.Index);
                break;
            case FaultKind.FalseSuspicion:
                if (victim.IsAlive) Suspect(victim, 1, 50);
                break;
            case FaultKind.Join:
                Join();
                break;
        }
    }

    private void Kill(SimProcess victim, bool mayFollow = true)
    {
        if (!victim.IsAlive) return;
        victim.IsAlive = false;
        Suspect(victim, 20, 200);
        // Mostly another process follows, soon or later, at its place or elsewhere.
        if (mayFollow && _random.Percent(70))
        {
            int endpoint = HasNames || _random.Percent(60) ? victim.Endpoint : -1;
            Queue.Add(Now + _random.Milliseconds(20, 3000), SimEventKind.Start, victim.Id.Shard, endpoint);
        }
    }

    private void Suspect(SimProcess suspect, int from, int to)
    {
        for (int i = 0; i < _processCount; i++)
        {
            if (i != suspect.Index && _processes[i].IsAlive && _random.Percent(70))
                Queue.Add(Now + _random.Milliseconds(from, to), SimEventKind.Suspect, i, suspect.Index);
        }
    }

    private void CutPeers(SimProcess victim, long until)
    {
        for (int i = 0; i < MaximumProcesses; i++)
        {
            if (_random.Percent(70))
                _cutPeer[(victim.Index * MaximumProcesses) + i] = _cutPeer[(i * MaximumProcesses) + victim.Index] = until;
        }
    }

    private void LoseData()
    {
        Losses++;
        Store.WipeSessions();
        if (!_random.Percent(40)) return;
        Store.WipeCheckpoints();
        _checkpointsLostAt = Now;
    }

    /// <summary>
    /// A further process: of a shard that has none, or, as in a rolling update, of one that has.
    /// </summary>
    private void Join()
    {
        int shard = _random.Below(Shards);
        Queue.Add(Now, SimEventKind.Start, shard, HasNames ? shard : -1);
    }

    /// <summary>One process never reaches the store again. It keeps what it has, and the others share the rest.</summary>
    private void CutForGood()
    {
        SimProcess cut = _processes[_random.Below(_processCount)];
        // Where records are missing, it may have what nobody can see.
        if (HasLostData || _isNewRegion || _isMixed || !cut.IsAlive || !cut.Knowledge.IsRegistered) return;
        for (int i = 0; i < _processCount; i++)
        {
            if (_processes[i] is not { IsAlive: true, IsDraining: false } other || other.Id.Shard == cut.Id.Shard) continue;
            if (!other.Knowledge.IsRegistered) continue;
            _cutStore[cut.Index] = long.MaxValue;
            return;
        }
    }

    private bool IsTaken(int shard)
    {
        for (int i = 0; i < _processCount; i++)
        {
            if (_processes[i].IsAlive && _processes[i].Id.Shard == shard) return true;
        }
        return false;
    }

    private void Heal()
    {
        // What was drawn to last longer ends now: pauses, cuts and outages were cut off at this time.
        bool isAnybodyThere = false;
        for (int i = 0; i < _processCount; i++)
        {
            // Who drains ends some day.
            if (_processes[i].IsAlive && _processes[i].IsDraining) Kill(_processes[i], mayFollow: false);
        }
        for (int i = 0; i < _processCount; i++) isAnybodyThere |= _processes[i].IsAlive && !_processes[i].IsDraining;
        if (!isAnybodyThere) StartProcess(_random.Below(Shards), -1);
        if (_random.Percent(8)) CutForGood();
        Queue.Add(Now + CheckEvery, SimEventKind.Check);
    }

    private bool IsPreviousReleaseThere()
    {
        for (int i = 0; i < _processCount; i++)
        {
            if (_processes[i] is { IsAlive: true, IsPreviousRelease: true }) return true;
        }
        return false;
    }

    private bool IsSettled() => Unsettled().Length == 0;

    private string Unsettled()
    {
        for (int slot = 0; slot < SlotCount; slot++)
        {
            SimProcess? server = null;
            for (int i = 0; i < _processCount; i++)
            {
                SimProcess process = _processes[i];
                if (!process.IsAlive || process.Table[slot] == 0) continue;
                if (server is not null) return "two serve a slot";
                server = process;
            }
            ref readonly SimStore.SlotRow row = ref Store.Slot(slot);
            // Whoever never reaches the store again cannot know that a claim of its own has arrived.
            bool isUnreachable = row.ETag is not null && !row.Owner.IsNobody && _cutStore[(int)row.Owner.Incarnation - 1] == long.MaxValue;
            if (server is null && isUnreachable) continue;
            if (server is null) return "nobody serves a slot";
            if (row.ETag is null || row.Owner != server.Id || row.Epoch != server.Table[slot]) return "a record names another owner";
        }
        return "";
    }
}

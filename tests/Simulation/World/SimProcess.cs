using Dapr.Voice.Ownership;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Simulation.World;

/// <summary>
/// One process of a transceiver: it runs the decisions as <c>SlotKeeper</c> does, and sends packets for its slots' sessions.
/// </summary>
internal sealed class SimProcess(SimWorld world, int index)
{
    private SlotOwner? _owner;
    private PreviousRelease? _previous;
    private SendFence _fence = null!;
    private Instant _confirmedAt;
    private long _wakeAt, _inputBegan;
    private int _ticks;

    public int Index => index;
    public OwnerIdentity Id { get; private set; }
    public bool IsAlive { get; set; }
    public bool IsDraining => _owner?.IsDraining ?? _previous!.IsDraining;
    public bool IsPreviousRelease => _previous is not null;
    public int Endpoint { get; private set; }
    public long PausedUntil { get; private set; }
    public long ResumedAt { get; private set; }
    public long LastPause { get; private set; }
    public long WallOffset { get; set; }

    /// <summary>The epoch under which each slot is served, or 0.</summary>
    public long[] Table { get; } = new long[SimWorld.MaximumSlots];
    public SimSessions Sessions { get; } = new();
    public SimKnowledge Knowledge { get; } = new();

    /// <summary>A clock begins anywhere.</summary>
    private long Origin { get; set; }

    private Instant Clock => new(world.Now + Origin + (world.Broken == RuleBreak.WallClock ? WallOffset : 0));

    public long Wall => world.Now + WallOffset;

    public void Start(int shard, int endpoint, bool isPreviousRelease, long origin)
    {
        (Id, Endpoint, IsAlive, Origin, _ticks) = (new OwnerIdentity(shard, (ulong)index + 1), endpoint, true, origin, 0);
        (PausedUntil, ResumedAt, LastPause, _wakeAt, _confirmedAt) = (0, 0, 0, long.MaxValue, new Instant(long.MinValue));
        Array.Clear(Table);
        Sessions.Reset();
        Knowledge.Reset();
        _fence = new SendFence(SimWorld.Timing, Clock, world.Broken);
        (_owner, _previous) = isPreviousRelease
            ? (null, new PreviousRelease(Id, world.SlotCount, SimWorld.Shards, Clock))
            : (new SlotOwner(Id, 0, world.SlotCount, SimWorld.Shards, SimWorld.Timing, Clock, world.Broken), (PreviousRelease?)null);
        world.Queue.Add(world.Now, SimEventKind.Tick, index);
        Drain();
    }

    public void Pause(long until)
    {
        if (until <= PausedUntil) return;
        LastPause = PausedUntil > world.Now ? LastPause + until - PausedUntil : until - world.Now;
        (PausedUntil, ResumedAt) = (until, until);
    }

    public void Tick()
    {
        RunFence();
        if (_previous is null)
        {
            for (int slot = 0; slot < world.SlotCount; slot++)
            {
                if (Table[slot] > 0 && _fence.IsOpen) Sessions.Send(world, this, slot);
            }
        }
        // Announcements are repeated, since messages get lost.
        if (_ticks++ % 4 == 0) world.Announce(this);
        world.Queue.Add(world.Now + SimWorld.TickEvery, SimEventKind.Tick, index);
        Drain();
    }

    public void Wake(long at)
    {
        if (at != _wakeAt) return;
        _wakeAt = long.MaxValue;
        // In the product the worker's thread runs at the same time. It sends before or after it, as it happens.
        RunFence();
        _inputBegan = world.Now;
        if (_owner is not null) _owner.HandleTimeout(Clock);
        else _previous!.HandleTimeout(Clock);
        Drain();
    }

    /// <summary>A wake-up that came in a pause comes again at its end.</summary>
    public void MoveWake(long from)
    {
        if (_wakeAt == from) _wakeAt = PausedUntil;
    }

    /// <summary>What a process that lives knows of each slot.</summary>
    public IEnumerable<string> Describe()
        => !IsAlive || _owner is not { } owner ? []
        : Enumerable.Range(0, world.SlotCount).Select(slot => $"process {index} knows of slot {slot}: {owner.Describe(slot)}");

    public void StartDraining(bool keepsSlots)
    {
        if (keepsSlots) _owner?.SetReturning(false);
        _owner?.StartDraining();
        _previous?.StartDraining();
        Drain();
    }

    /// <summary>Its sessions have been handed over.</summary>
    public void NoteMoved()
    {
        _owner?.SetReturning(true);
        Drain();
    }

    /// <summary>Others know it, and it holds its lease.</summary>
    public bool IsAdmitting => _owner is { IsRegistered: true, IsDraining: false } owner && Clock < owner.HeldUntil;

    public void HandOver(int slot, in OwnerIdentity successor)
    {
        if (_owner is null || Table[slot] == 0) return;
        // The sessions are frozen and sent first.
        Sessions.Freeze(slot);
        _owner.HandOver(slot, successor, Clock);
        Drain();
    }

    public void NoteHandedOver(int slot, long epoch)
    {
        // It may be from before a pause, and nobody can see that. What this process sends then is judged.
        _inputBegan = world.Now;
        _owner?.NoteHandedOver(slot, epoch, Clock);
        Drain();
    }

    public void RequestSlotLook()
    {
        _owner?.RequestSlotLook();
        Drain();
    }

    public void Suspect(in OwnerIdentity owner)
    {
        _owner?.Suspect(owner);
        Drain();
    }

    public void HearEpoch(int slot, long epoch)
    {
        if (_owner is null) return;
        Knowledge.Told[slot] = Math.Max(Knowledge.Told[slot], epoch);
        _owner.NoteEpochSeen(slot, epoch);
        Drain();
        if (Table[slot] > 0 && Table[slot] < epoch) world.Violate("serves a slot although it was told of a higher epoch", index, slot);
    }

    public void HearRelayView()
    {
        Knowledge.HasRelayView = true;
        _owner?.NoteRelayView();
        Drain();
    }

    public void HearProbe(int peer, ProbeAnswer answer, long began)
    {
        if (_owner is null) return;
        Knowledge.NoteProbe(peer, answer, began, world.Now);
        _owner.Probed(world.Process(peer).Id, answer, Clock);
        Drain();
    }

    public void Hear(StoreOp op)
    {
        _inputBegan = op.Began;
        if (op.Kind >= StoreOpKind.ReadCheckpoint) Sessions.Hear(world, this, op);
        else if (_owner is not null) HearStore(_owner, op);
        else HearStore(_previous!, op);
        Drain();
        if (_owner is not null) CheckAfter(op);
    }

    private bool IsLate(StoreOp op) => world.Now - op.Began > SimWorld.Timing.Fence.Ticks;

    private void HearStore(SlotOwner owner, StoreOp op)
    {
        switch (op.Kind)
        {
            case StoreOpKind.ReadFleet when op.IsFailed:
                owner.FleetUnreadable(Clock);
                break;
            case StoreOpKind.ReadFleet:
                if (!IsLate(op)) Knowledge.NoteLook(op, world.Now);
                owner.FleetRead(op.Fleet, Clock);
                break;
            case StoreOpKind.WriteRecord:
                if (op.Outcome == StoreWrite.Written && !IsLate(op)) Knowledge.IsRegistered = true;
                owner.RecordWritten(op.Outcome, Clock);
                break;
            case StoreOpKind.ReadSlots when op.IsFailed:
                owner.SlotsUnreadable(Clock);
                break;
            case StoreOpKind.ReadSlots:
                if (!IsLate(op)) Knowledge.NoteSlots(op, world.SlotCount);
                owner.SlotsRead(op.Slots.AsSpan(0, world.SlotCount), Clock);
                break;
            default:
                owner.SlotWritten(op.Slot, op.Outcome, Clock);
                break;
        }
    }

    private void HearStore(PreviousRelease previous, StoreOp op)
    {
        switch (op.Kind)
        {
            case StoreOpKind.ReadFleet or StoreOpKind.ReadSlots when op.IsFailed:
                previous.Failed();
                break;
            case StoreOpKind.ReadFleet:
                previous.FleetRead(op.Fleet, op.LeaseUntil, Wall, Clock);
                break;
            case StoreOpKind.WriteRecord:
                previous.RecordWritten(op.Outcome, Clock);
                break;
            case StoreOpKind.ReadSlots:
                previous.SlotsRead(op.Slots.AsSpan(0, world.SlotCount), Clock);
                break;
            default:
                previous.SlotWritten(op.Slot, op.Outcome);
                break;
        }
    }

    private void CheckAfter(StoreOp op)
    {
        if (IsLate(op)) return;
        if (op.Kind == StoreOpKind.ReadSlots && !op.IsFailed)
        {
            for (int slot = 0; slot < world.SlotCount; slot++)
            {
                SlotView view = op.Slots[slot];
                if (view.State == RecordState.Present && view.Owner != Id && Table[slot] > 0 && view.Epoch >= Table[slot])
                    world.Violate("serves a slot although its record names another owner", index, slot);
            }
        }
        else if (op.Kind == StoreOpKind.ReadFleet && !op.IsFailed && op.Fleet[Id.Shard] is { State: RecordState.Present } own
            && own.Incarnation != Id.Incarnation)
        {
            for (int slot = 0; slot < world.SlotCount; slot++)
            {
                if (Table[slot] > 0) world.Violate("serves a slot although another process has its shard", index, slot);
            }
        }
        else if (op.Kind == StoreOpKind.WriteSlot && op.Outcome == StoreWrite.Written && op.Owner != Id && Table[op.Slot] > 0)
        {
            world.Violate("serves a slot that it has given away", index, op.Slot);
        }
    }

    private void RunFence()
    {
        if (_fence.Run(Clock, _confirmedAt)) _owner?.RequestSlotLook();
    }

    private void Drain()
    {
        while (_owner is not null ? _owner.TryTakeRequest(out OwnershipRequest request) : _previous!.TryTakeRequest(out request))
            Do(request);
        if (_owner is not null)
        {
            while (_owner.TryTakeEvent(out _))
            {
            }
        }
        Instant next = _owner?.NextTimeout ?? _previous!.NextTimeout;
        if (next == Instant.Never) return;
        long at = Math.Max(world.Now, next.Ticks == long.MinValue ? long.MinValue : next.Ticks - (Clock.Ticks - world.Now));
        if (at >= _wakeAt) return;
        _wakeAt = at;
        world.Queue.Add(at, SimEventKind.Wake, index);
    }

    private void Do(in OwnershipRequest request)
    {
        switch (request.Kind)
        {
            case OwnershipRequestKind.Serve:
                world.Oracle.NoteServe(this, request.Slot, request.Epoch, _inputBegan);
                Table[request.Slot] = request.Epoch;
                Sessions.Begin(request.Slot, request.Epoch);
                world.Announce(this);
                break;
            case OwnershipRequestKind.Drop:
                Table[request.Slot] = 0;
                Sessions.End(request.Slot);
                break;
            case OwnershipRequestKind.Withdraw:
                bool isWithdrawn = world.Random.Percent(60);
                if (isWithdrawn)
                {
                    Table[request.Slot] = 0;
                    // It had no session. The next one has another key.
                    Sessions.End(request.Slot);
                    world.EndSession(request.Slot);
                }
                if (_owner is not null) _owner.Withdrawn(request.Slot, isWithdrawn, Clock);
                else _previous!.Withdrawn(request.Slot, isWithdrawn);
                if (!isWithdrawn)
                    world.Queue.Add(world.Now + TimeSpan.TicksPerSecond, SimEventKind.Fault, (int)FaultKind.SlotIsEmpty, index);
                break;
            case OwnershipRequestKind.Confirm:
                world.Oracle.CheckConfirm(this, request.Began.Ticks - (Clock.Ticks - world.Now));
                _confirmedAt = request.Began;
                break;
            case OwnershipRequestKind.HandedOver:
                if (!request.IsFull) Sessions.Thaw(request.Slot);
                else world.NoteHandedOver(request.Slot, request.Owner, request.Epoch);
                break;
            case OwnershipRequestKind.Probe:
                world.Probe(this, request.Owner);
                break;
            case OwnershipRequestKind.WriteSlot:
                if (_owner is not null)
                    world.Trace?.Add(
                        $"{world.Now / 10_000.0:0.0} decision of {index} slot {request.Slot}: {_owner.Describe(request.Slot)}");
                world.Oracle.CheckClaim(this, request);
                world.Send(this, Op(StoreOpKind.WriteSlot, request));
                break;
            case OwnershipRequestKind.WriteRecord:
                world.Oracle.CheckRegistration(this, request);
                world.Send(this, Op(StoreOpKind.WriteRecord, request));
                break;
            default:
                world.Send(
                    this, Op(request.Kind == OwnershipRequestKind.ReadFleet ? StoreOpKind.ReadFleet : StoreOpKind.ReadSlots, request));
                break;
        }
    }

    private StoreOp Op(StoreOpKind kind, in OwnershipRequest request)
    {
        StoreOp op = world.NewOp(kind, index);
        (op.Slot, op.Owner, op.Epoch, op.ETag) = (Math.Max(request.Slot, 0), request.Owner, request.Epoch, request.ETag);
        op.IsUnconditional = kind == StoreOpKind.WriteSlot && request.IsFull;
        op.IsDraining = IsDraining;
        op.WallLease = Wall + (IsPreviousRelease ? PreviousRelease.Lease : SimWorld.Timing.Lease).Ticks;
        return op;
    }
}

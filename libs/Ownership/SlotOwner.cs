using Dapr.Voice.Steering;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Ownership;

/// <summary>
/// Decides which slots one transceiver serves (docs/decisions/0035). It does no I/O: it says what to read, write and probe, and is told
/// what came of it. In a cycle it looks at the fleet, renews its own record, and, if something has changed, looks at the slots and writes
/// what follows. While the store is away, nothing changes. Any call may make new requests; take them all after each call. One thread uses
/// it.
/// </summary>
public sealed partial class SlotOwner
{
    /// <summary>Records that were missing, and slots that should be ours, are looked at this often.</summary>
    public static readonly TimeSpan SlowLookEvery = TimeSpan.FromSeconds(1);

    /// <summary>A write that nobody waits for any more may be applied for this long.</summary>
    private static readonly TimeSpan LateWrites = TimeSpan.FromSeconds(4);

    private readonly OwnerIdentity _self;
    private readonly byte _region;
    private readonly OwnershipTiming _timing;
    private readonly RuleBreak _broken;
    private readonly FleetView _fleet;
    private readonly Slot[] _slots;
    private readonly int[] _candidates, _candidatesBefore;
    private readonly Queue<OwnershipRequest> _requests = new();
    private readonly Queue<OwnershipEvent> _events = new();

    private Phase _phase;
    private Instant _cycleBegan, _began, _nextLook, _nextFullFleet, _nextFullSlots, _lastRun, _firstLook, _uncertainUntil;
    private Instant _lostUntil = new(long.MinValue);
    private bool _hasSeenSlots, _hasRelayView, _isSlotLookDue, _isUrgent, _isShort, _isRenewalDue, _isRegistered, _isDraining, _isUnfit;
    private bool _isReturning = true, _isLeaving, _isWaitingForOthers, _haveAllHadTime;

    // The cycle writes without a look of its own.
    private bool _isBlind;
    private int _deaths, _waits, _candidateCount, _candidateCountBefore, _outstanding;
    private string? _ownETag;
    private long _beat;

    /// <param name="region">The region's number, for the rendezvous hash.</param>
    /// <param name="shardCount">Shards are searched below this number. Ours is below it.</param>
    public SlotOwner(OwnerIdentity self, byte region, int slotCount, int shardCount, OwnershipTiming timing, Instant now)
        : this(self, region, slotCount, shardCount, timing, now, RuleBreak.None)
    {
    }

    internal SlotOwner(
        OwnerIdentity self, byte region, int slotCount, int shardCount, OwnershipTiming timing, Instant now, RuleBreak broken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(self.Shard);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(shardCount, self.Shard);
        (_self, _region, _timing, _broken) = (self, region, timing, broken);
        _fleet = new FleetView(self.Shard, shardCount, timing, broken);
        _slots = new Slot[slotCount];
        foreach (ref Slot slot in _slots.AsSpan()) slot.Owner = slot.Target = OwnerIdentity.Nobody;
        (_candidates, _candidatesBefore) = (new int[shardCount], new int[shardCount]);
        (_nextLook, _lastRun, _isSlotLookDue) = (now, now, true);
    }

    private enum Phase { Idle, ReadingFleet, WritingRecord, ReadingSlots, WritingSlots }

    /// <summary>Our record is in the store under our name, as far as we know.</summary>
    public bool IsRegistered => _isRegistered;

    /// <summary>Until when others rely on our record, on our own clock.</summary>
    public Instant HeldUntil { get; private set; } = new(long.MinValue);

    public OwnershipProblem Problem { get; private set; } = OwnershipProblem.NotRegistered;

    /// <summary>This process has given back its slots and takes none.</summary>
    public bool HasLeft { get; private set; }

    public bool IsDraining => _isDraining;

    /// <summary>What our record says to others: this process gets no new sessions and no slots.</summary>
    public bool TakesNone => _isDraining || _isUnfit;

    /// <summary>No request is without an answer, but for probes.</summary>
    public bool IsIdle => _phase == Phase.Idle;

    /// <summary>
    /// A store that has lost its data is being filled again. Until then nobody claims a slot that has no record.
    /// </summary>
    public bool IsStoreLost(Instant now) => now < _lostUntil;

    /// <summary>When to call <see cref="HandleTimeout"/>, at the latest.</summary>
    public Instant NextTimeout
    {
        get
        {
            if (HasLeft) return Instant.Never;
            Instant next = _fleet.NextProbe;
            if (_phase == Phase.Idle) next = IsInHurry ? _lastRun : Instant.Min(next, _nextLook);
            return Instant.Max(next, _lastRun);
        }
    }

    /// <summary>
    /// Until when a slot that has no record is not free: an empty store may be one that has lost its data, whose owners write themselves
    /// again. If a relay has told all epochs that it knows, only those that reach the store at once could contradict.
    /// </summary>
    private Instant EmptyUntil
    {
        get
        {
            if (!_hasSeenSlots) return Instant.Never;
            bool isKnownToRelays = _hasRelayView && _lostUntil <= _firstLook;
            return _firstLook + _broken switch
            {
                RuleBreak.EmptyStoreIsFree => TimeSpan.Zero,
                RuleBreak.RelayViewIsTrustedAtOnce when isKnownToRelays => TimeSpan.Zero,
                RuleBreak.EmptyStoreWaitsTooShort => _timing.Renew,
                _ => isKnownToRelays ? _timing.Gap : _timing.Lease,
            };
        }
    }

    private bool IsInHurry => _isUrgent || _fleet.WantsLook;

    public bool TryTakeRequest(out OwnershipRequest request) => _requests.TryDequeue(out request);

    public bool TryTakeEvent(out OwnershipEvent occurred) => _events.TryDequeue(out occurred);

    /// <summary>The epoch under which a slot is served, or 0.</summary>
    public long EpochOf(int slot) => _slots[slot].Served;

    public void HandleTimeout(Instant now)
    {
        if (HasLeft) return;
        // This process stood still. Its slots are looked at before anything else is believed.
        if (now - _lastRun > _timing.Fence) _isSlotLookDue = true;
        _lastRun = now;
        while (_fleet.TryTakeProbe(now, out OwnerIdentity owner))
            _requests.Enqueue(new OwnershipRequest(OwnershipRequestKind.Probe, Owner: owner, Began: now));
        if (_phase != Phase.Idle || (now < _nextLook && !IsInHurry)) return;
        _cycleBegan = now;
        // The proof that an owner is gone is worth more than a renewal that is not due.
        _isShort = _isUrgent && _isRegistered && now < HeldUntil && now < _nextLook && !_fleet.WantsLook && !_isRenewalDue;
        _isUrgent = false;
        if (_isShort) ReadSlots(now);
        else ReadFleet(now);
    }

    /// <summary>A relay says that a process does not answer. It is probed at once.</summary>
    public void Suspect(in OwnerIdentity owner)
    {
        if (owner == _self) return;
        _fleet.Suspect(owner);
        NoteDeaths();
    }

    /// <summary>The answer to <see cref="OwnershipRequestKind.Probe"/>.</summary>
    public void Probed(in OwnerIdentity owner, ProbeAnswer answer, Instant now)
    {
        _fleet.Probed(owner, answer, now);
        if (NoteDeaths()) _isUrgent = true;
    }

    /// <summary>
    /// Looks at the slots at once: a worker stood still and asks for a confirmation, or somebody has handed slots over to this process, or
    /// a slot that another one should have is without sessions now.
    /// </summary>
    public void RequestSlotLook() => _isSlotLookDue = _isUrgent = true;

    /// <inheritdoc cref="FleetView.NoteLeaving"/>
    public void NoteLeaving(int shard, Instant now) => _fleet.NoteLeaving(shard, now);

    /// <summary>From now on this process gets no new sessions. It returns its slots once they have none.</summary>
    public void StartDraining()
    {
        if (_isDraining) return;
        _isDraining = _isSlotLookDue = _isRenewalDue = _isUrgent = true;
        _events.Enqueue(new OwnershipEvent(OwnershipEventKind.Draining, _self.Shard));
    }

    /// <summary>
    /// False while this process hands its sessions over: its slots without sessions would go to others at the same time, and their writes
    /// would delay the sessions. A process that leaves returns them all the same.
    /// </summary>
    public void SetReturning(bool isReturning)
    {
        if (_isReturning == isReturning) return;
        _isReturning = isReturning;
        if (isReturning) RequestSlotLook();
    }

    /// <summary>
    /// A process that cannot serve new sessions claims no slot, and its slots without sessions go to others. Those with sessions stay.
    /// </summary>
    public void SetFit(bool isFit)
    {
        if (_isUnfit == !isFit) return;
        _isUnfit = !isFit;
        _isSlotLookDue = _isRenewalDue = true;
    }

    /// <summary>Stops serving at once and returns every slot. The sessions are over. <see cref="HasLeft"/> tells the end.</summary>
    public void Leave()
    {
        StartDraining();
        _isLeaving = _isUrgent = true;
        if (!_isRegistered) NoteLeft();
        for (int slot = 0; slot < _slots.Length; slot++) StopServing(slot);
    }

    /// <summary>The answer to <see cref="OwnershipRequestKind.ReadFleet"/>.</summary>
    /// <param name="views">One for each shard.</param>
    public void FleetRead(ReadOnlySpan<TransceiverView> views, Instant now)
    {
        if (_phase != Phase.ReadingFleet) return;
        TransceiverView own = views[_self.Shard];
        if (IsLate(now))
        {
            EndCycle(now);
            return;
        }
        if (own.State == RecordState.Unread)
        {
            FleetUnreadable(now);
            return;
        }
        if (_fleet.Observe(views, _began, now)) NoteStoreLost(now);
        // What the store has forgotten may be claimed from now on.
        bool haveAllHadTime = _fleet.HaveAllHadTime();
        if (haveAllHadTime && !_haveAllHadTime) _isSlotLookDue = true;
        _haveAllHadTime = haveAllHadTime;
        NoteDeaths();
        _ownETag = own.State == RecordState.Present ? own.ETag : null;
        if (own.State == RecordState.Missing && _isRegistered) NoteStoreLost(now);
        if (own.State == RecordState.Present && own.Incarnation != _self.Incarnation && !MayRegisterOver(own, now)) return;
        _began = now;
        _phase = Phase.WritingRecord;
        _isRenewalDue = false;
        _requests.Enqueue(new OwnershipRequest(OwnershipRequestKind.WriteRecord, Owner: _self, Epoch: ++_beat, ETag: _ownETag, Began: now));
    }

    /// <summary>The answer to <see cref="OwnershipRequestKind.ReadFleet"/> if the store did not say.</summary>
    public void FleetUnreadable(Instant now)
    {
        if (_phase != Phase.ReadingFleet) return;
        NoteAway(OwnershipProblem.StoreUnreadable, now);
        EndCycle(now);
    }

    /// <summary>The answer to <see cref="OwnershipRequestKind.WriteRecord"/>.</summary>
    public void RecordWritten(StoreWrite outcome, Instant now)
    {
        if (_phase != Phase.WritingRecord) return;
        if (outcome != StoreWrite.Written || IsLate(now))
        {
            NoteAway(OwnershipProblem.RecordUnwritable, now);
            EndCycle(now);
            return;
        }
        if (!_isRegistered)
        {
            _isRegistered = _isSlotLookDue = true;
            _fleet.ForgetPredecessor();
            _events.Enqueue(new OwnershipEvent(OwnershipEventKind.Joined, _self.Shard));
        }
        // While our lease was out, others may have taken slots that seemed to have no owner.
        if (_began >= HeldUntil) _isSlotLookDue = true;
        HeldUntil = _began + _timing.Lease;
        Problem = OwnershipProblem.None;
        FindCandidates(now);
        if (_isSlotLookDue || now >= _nextFullSlots || _isLeaving) ReadSlots(now);
        else EndCycle(now);
    }

    private bool MayRegisterOver(in TransceiverView own, Instant now)
    {
        if (_isRegistered)
        {
            if (_broken == RuleBreak.SupersededGoesOn) return true;
            // Another process had to prove that this one is gone, and takes its slots. So it is new and waits for the end of the other one.
            _isRegistered = false;
            HeldUntil = new Instant(long.MinValue);
            Problem = OwnershipProblem.Superseded;
            for (int slot = 0; slot < _slots.Length; slot++) StopServing(slot);
        }
        _fleet.Observe(_self.Shard, own, _began, now);
        var predecessor = new OwnerIdentity(_self.Shard, own.Incarnation);
        if (own.IsOurPlace || _fleet.StateOf(predecessor, now) != OwnerState.Alive || _broken == RuleBreak.RegisterOverALivingProcess)
            return true;
        if (Problem != OwnershipProblem.Superseded) Problem = OwnershipProblem.PredecessorAlive;
        EndCycle(now);
        return false;
    }

    private void ReadFleet(Instant now)
    {
        _phase = Phase.ReadingFleet;
        _began = now;
        bool isFull = now >= _nextFullFleet;
        if (isFull) _nextFullFleet = now + SlowLookEvery;
        _requests.Enqueue(new OwnershipRequest(OwnershipRequestKind.ReadFleet, Began: now, IsFull: isFull));
    }

    private bool NoteDeaths()
    {
        if (_deaths == _fleet.Deaths) return false;
        _deaths = _fleet.Deaths;
        _events.Enqueue(new OwnershipEvent(OwnershipEventKind.PeerDied, _fleet.LastDead));
        return _isSlotLookDue = true;
    }

    private void NoteStoreLost(Instant now)
    {
        _isSlotLookDue = true;
        if (_broken == RuleBreak.LostStoreIsEmptyStore) return;
        if (!IsStoreLost(now)) _events.Enqueue(new OwnershipEvent(OwnershipEventKind.StoreLost, _self.Shard));
        _lostUntil = now + _timing.Lease;
    }

    private void NoteAway(OwnershipProblem problem, Instant now)
    {
        Problem = problem;
        // The next regular look judges. A store that fails at once is not asked more often.
        _isUrgent = _fleet.WantsLook = false;
        if (now >= HeldUntil) _isSlotLookDue = true;
    }

    /// <summary>An answer from before a pause of this process says what was true then.</summary>
    private bool IsLate(Instant now) => now - _began > _timing.Fence && _broken != RuleBreak.TrustLateAnswers;

    private void EndCycle(Instant now)
    {
        _phase = Phase.Idle;
        if (_isShort) return;
        // A cycle that took longer than the interval is followed by the next one at once, but not by two.
        _nextLook = _isRenewalDue ? now : Instant.Max(_cycleBegan + _timing.Renew, now);
    }

    private void NoteLeft()
    {
        HasLeft = true;
        Problem = OwnershipProblem.Left;
        HeldUntil = new Instant(long.MinValue);
        _events.Enqueue(new OwnershipEvent(OwnershipEventKind.Left, _self.Shard));
    }

    /// <summary>A slot of this process, and what is known of its record.</summary>
    private struct Slot
    {
        public RecordState State;

        /// <summary>The owner in the record, or in the last record that there was.</summary>
        public OwnerIdentity Owner;
        public Instant NamedSince;
        public string ETag;
        public long Epoch, Served, HighestServed, HighestTold, HighestOfOthers;

        /// <summary>The highest epoch that was known when the present read of the slots began.</summary>
        public long ToldBefore;

        /// <summary>An epoch up to this one has told us once already that the store is lost.</summary>
        public long ToldOfLost;
        public Write Write;
        public long WrittenEpoch;

        /// <summary>Of the last claim: why, and from whom.</summary>
        public SlotMoveCause Cause;
        public OwnerIdentity From;

        /// <summary>A write that gives the slot back or hands it over had no answer. It may be applied later.</summary>
        public bool MayBeGivenAway;

        /// <summary>Whom the slot is to be handed over to.</summary>
        public OwnerIdentity Target;

        /// <summary>When the owner before said that it has handed the slot over to us.</summary>
        public Instant? HandedAt;
    }

    private enum Write : byte { None, Claim, Restore, GiveBack, HandOver }
}

using Dapr.Voice.Steering;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Ownership;

/// <summary>The part of a cycle that is about slots.</summary>
public sealed partial class SlotOwner
{
    /// <summary>
    /// A relay has seen a slot under an epoch. A higher one than ours means that the slot has moved, and serving stops at once. A new
    /// ownership never begins below it.
    /// </summary>
    public void NoteEpochSeen(int slot, long epoch)
    {
        ref Slot known = ref _slots[slot];
        if (_broken != RuleBreak.ClaimIgnoresEpochsTold) known.HighestTold = Math.Max(known.HighestTold, epoch);
        NoteOther(ref known, epoch);
        if (known.Served == 0 || epoch <= known.Served || _broken == RuleBreak.HigherEpochToldIsIgnored) return;
        StopServing(slot);
        _isSlotLookDue = true;
    }

    /// <summary>A relay has told every epoch that it knows, with <see cref="NoteEpochSeen"/>.</summary>
    public void NoteRelayView()
    {
        _hasRelayView = true;
        if (_hasSeenSlots) _nextFullSlots = Instant.Min(_nextFullSlots, EmptyUntil);
    }

    /// <summary>
    /// Hands a slot over: writes the successor into its record, with the next epoch, and stops serving it. The caller has stopped its
    /// sessions and given them to the successor before, which is registered. <see cref="OwnershipRequestKind.HandedOver"/> tells the end.
    /// </summary>
    public void HandOver(int slot, in OwnerIdentity successor, Instant now)
    {
        ref Slot known = ref _slots[slot];
        // What is on its way names its own successor.
        if (!known.Target.IsNobody) return;
        known.Target = successor;
        // As the last look has shown it. If that is not so any more, the compare-and-set fails, and the next look tells.
        bool isOurs = known is { State: RecordState.Present, Served: > 0, Write: Write.None, MayBeGivenAway: false }
            && known.Owner == _self && known.Served == known.Epoch && now - _lastRun <= _timing.Fence;
        // In a cycle that runs, the answer would be judged by the time at which that cycle began.
        if (!isOurs || HasLeft || _phase != Phase.Idle)
        {
            _isSlotLookDue = _isUrgent = true;
            return;
        }
        (_phase, _outstanding, _began, _isShort, _isBlind) = (Phase.WritingSlots, 0, now, true, true);
        BeginHandOver(slot);
    }

    /// <summary>
    /// The owner before says that a slot's record names us now, with this epoch. It is served from now on. The word comes too late, and
    /// <see cref="OwnershipRequestKind.Drop"/> says so, if this process has no lease or has given the slot back since, or if anybody has
    /// been seen to have it under a higher epoch.
    /// </summary>
    public void NoteHandedOver(int slot, long epoch, Instant now)
    {
        ref Slot known = ref _slots[slot];
        if (epoch <= known.Served) return;
        if (!_isRegistered || HasLeft || epoch <= known.HighestServed || epoch < Math.Max(known.HighestOfOthers, known.HighestTold))
        {
            _requests.Enqueue(new OwnershipRequest(OwnershipRequestKind.Drop, slot, known.Owner, epoch));
            return;
        }
        // A read that has begun may have seen the record as it was before.
        (_isSlotLookDue, known.HandedAt) = (true, now);
        Serve(slot, epoch);
    }

    /// <summary>The answer to <see cref="OwnershipRequestKind.ReadSlots"/>.</summary>
    /// <param name="views">One for each slot.</param>
    public void SlotsRead(ReadOnlySpan<SlotView> views, Instant now)
    {
        if (_phase != Phase.ReadingSlots) return;
        if (IsLate(now))
        {
            SlotsUnreadable(now);
            return;
        }
        if (!_hasSeenSlots) (_hasSeenSlots, _firstLook) = (true, now);
        bool isWholeView = true;
        for (int slot = 0; slot < _slots.Length; slot++) isWholeView &= IsNew(slot) && Note(ref _slots[slot], views[slot], now);
        FindCandidates(now);
        (_isSlotLookDue, _isWaitingForOthers) = (!isWholeView, false);
        (_phase, _outstanding) = (Phase.WritingSlots, 0);
        bool isConfirmed = isWholeView;
        for (int slot = 0; slot < _slots.Length; slot++)
        {
            if (views[slot].State != RecordState.Unread && IsNew(slot)) isConfirmed &= Act(slot, now);
        }
        // In a store that is being filled again, another owner may not have written itself yet.
        if (isConfirmed && !IsStoreLost(now)) _requests.Enqueue(new OwnershipRequest(OwnershipRequestKind.Confirm, Began: _began));
        _began = now;
        Schedule(now);
        EndSlotsIfDone(now);
    }

    /// <summary>The answer to <see cref="OwnershipRequestKind.ReadSlots"/> if the store did not say.</summary>
    public void SlotsUnreadable(Instant now)
    {
        if (_phase != Phase.ReadingSlots) return;
        _isSlotLookDue = true;
        _isUrgent = false;
        EndCycle(now);
    }

    /// <summary>The answer to <see cref="OwnershipRequestKind.Withdraw"/>.</summary>
    public void Withdrawn(int slot, bool isWithdrawn, Instant now)
    {
        ref Slot known = ref _slots[slot];
        if (isWithdrawn)
        {
            known.Served = 0;
            Begin(slot, Write.GiveBack, OwnerIdentity.Nobody, GiveBackEpoch(known));
            if (_broken == RuleBreak.GiveBackGoesOnServing) Serve(slot, known.Epoch);
        }
        _outstanding--;
        EndSlotsIfDone(now);
    }

    /// <summary>The answer to <see cref="OwnershipRequestKind.WriteSlot"/>.</summary>
    public void SlotWritten(int slot, StoreWrite outcome, Instant now)
    {
        ref Slot known = ref _slots[slot];
        Write write = known.Write;
        if (write == Write.None) return;
        known.Write = Write.None;
        bool isWritten = outcome == StoreWrite.Written || (outcome == StoreWrite.Unknown && _broken == RuleBreak.ServeWhenUnknown)
            || (outcome == StoreWrite.Conflict && _broken == RuleBreak.ServeOnConflict);
        if (!isWritten || IsLate(now))
        {
            // What is in the store now, only the next read tells.
            if (_broken != RuleBreak.NoRetry) _isSlotLookDue = true;
            if (outcome != StoreWrite.Conflict) NoteUncertain(ref known, write, now);
            // Somebody waits for the hand-over. A store that refuses what was just read is asked again at its time.
            else if (_isBlind) _isUrgent = true;
        }
        else
        {
            known.MayBeGivenAway = false;
            (known.State, known.Owner, known.Epoch, known.NamedSince) = (RecordState.Present, write switch
            {
                Write.GiveBack => OwnerIdentity.Nobody,
                Write.HandOver => known.Target,
                _ => _self,
            }, known.WrittenEpoch, now);
            if (write == Write.Claim) NoteClaimed(slot);
            if (write == Write.Claim && !known.Target.IsNobody) EndHandOver(slot, false);
            // The next read of it confirms.
            if (write == Write.Restore) _isSlotLookDue = true;
            if (write == Write.HandOver)
            {
                _events.Enqueue(new OwnershipEvent(
                    OwnershipEventKind.SlotMoved, known.Target.Shard, slot, _self.Shard, known.Epoch, SlotMoveCause.HandedOver));
                if (_broken != RuleBreak.HandOverGoesOnServing) StopServing(slot);
                // If it should be ours, we wait for its return as for that of any other.
                _nextFullSlots = Instant.Min(_nextFullSlots, now + SlowLookEvery);
                EndHandOver(slot, true);
            }
        }
        _outstanding--;
        EndSlotsIfDone(now);
    }

    /// <summary>What is known of a slot, for the trace of a simulation.</summary>
    internal string Describe(int slot)
    {
        ref readonly Slot known = ref _slots[slot];
        return $"{known.State} {known.Owner.Shard}/{known.Owner.Incarnation} epoch {known.Epoch} told {known.HighestTold} "
            + $"served {known.Served} owner {(known.Owner.IsNobody ? OwnerState.Gone : StateOf(known.Owner, known.NamedSince))} "
            + $"all {_fleet.HaveAllHadTime()}";
    }

    private void ReadSlots(Instant now)
    {
        _phase = Phase.ReadingSlots;
        _isBlind = false;
        _began = now;
        foreach (ref Slot known in _slots.AsSpan()) known.ToldBefore = known.HighestTold;
        if (_broken == RuleBreak.ConfirmWithoutLooking) _requests.Enqueue(new OwnershipRequest(OwnershipRequestKind.Confirm, Began: now));
        _requests.Enqueue(new OwnershipRequest(OwnershipRequestKind.ReadSlots, Began: now));
    }

    /// <summary>The read that runs began after the slot was handed over to us, if it was.</summary>
    private bool IsNew(int slot) => _slots[slot].HandedAt is not { } handed || handed <= _began;

    /// <returns>False if the record could not be read.</returns>
    private bool Note(ref Slot known, in SlotView view, Instant now)
    {
        if (view.State == RecordState.Unread) return false;
        if (view.State == RecordState.Missing)
        {
            // An epoch that was told belongs to a record that was written, although we may not have seen it.
            bool wasThere = known.ToldBefore > known.ToldOfLost && _broken != RuleBreak.EmptyStoreWaitsTooShort;
            if (known.State == RecordState.Present || wasThere) NoteStoreLost(now);
            known.ToldOfLost = Math.Max(known.ToldOfLost, known.ToldBefore);
            // Who had the slot and under which epoch is remembered.
            (known.State, known.ETag) = (RecordState.Missing, "");
            if (_broken == RuleBreak.LostStoreRestartsEpochs)
                known.Epoch = known.HighestTold = known.HighestOfOthers = known.HighestServed = 0;
            return true;
        }
        if (known.State != RecordState.Present || known.Owner != view.Owner) known.NamedSince = now;
        (known.State, known.Owner, known.Epoch, known.ETag) = (RecordState.Present, view.Owner, view.Epoch, view.ETag);
        if (view.Epoch > known.HighestTold) known.HighestTold = view.Epoch;
        if (view.Owner != _self) NoteOther(ref known, view.Epoch);
        return true;
    }

    /// <returns>False if the slot is served and its record does not say so.</returns>
    private bool Act(int slot, Instant now)
    {
        ref Slot known = ref _slots[slot];
        int? preferred = RendezvousHash.Choose(_region, (ushort)slot, _candidates.AsSpan(0, _candidateCount));
        OwnerState owner = known.Owner.IsNobody ? OwnerState.Gone : StateOf(known.Owner, known.NamedSince);
        SlotMove move = new SlotSituation(
            _self, new SlotView(known.State, known.Owner, known.Epoch), known.Served, known.HighestOfOthers)
        {
            IsPreferred = preferred == _self.Shard,
            IsForAnother = _isReturning && preferred is { } other && other != _self.Shard,
            MayClaim = _isRegistered && !TakesNone && now < HeldUntil,
            IsLeaving = _isLeaving,
            Owner = owner,
            HaveAllWritten = HaveAllWritten(known, now),
            Broken = _broken,
        }.Decide();
        // What we wrote to give it away may still arrive. A record of a higher epoch makes that impossible.
        if (move is SlotMove.Adopt or SlotMove.Keep or SlotMove.Withdraw && known.MayBeGivenAway) move = SlotMove.Claim;
        switch (move)
        {
            case SlotMove.Lose:
                StopServing(slot);
                break;
            case SlotMove.Adopt when known.Cause != SlotMoveCause.None && known.WrittenEpoch == known.Epoch:
                NoteClaimed(slot);
                break;
            case SlotMove.Adopt:
                Serve(slot, known.Epoch);
                break;
            case SlotMove.Restore:
                Begin(slot, Write.Restore, _self, known.Served);
                break;
            case SlotMove.Claim:
                known.From = known.Owner;
                known.Cause = known.Owner.IsNobody || known.Owner == _self ? SlotMoveCause.Unowned
                    : owner == OwnerState.Silent ? SlotMoveCause.OwnerSilent : SlotMoveCause.OwnerGone;
                long highest = Math.Max(known.Epoch, known.HighestTold);
                bool keepsEpoch = _broken == RuleBreak.ClaimKeepsTheEpoch
                    || (_broken == RuleBreak.ClaimOfAFreeSlotKeepsTheEpoch && known.Owner.IsNobody);
                long epoch = keepsEpoch ? Math.Max(highest, 1) : highest + 1;
                if (_broken == RuleBreak.ServeBeforeWritten) Serve(slot, epoch);
                Begin(slot, Write.Claim, _self, epoch);
                break;
            case SlotMove.GiveBack:
                Begin(slot, Write.GiveBack, OwnerIdentity.Nobody, GiveBackEpoch(known));
                break;
            case SlotMove.Keep or SlotMove.Withdraw when !known.Target.IsNobody:
                BeginHandOver(slot);
                break;
            case SlotMove.Withdraw:
                _outstanding++;
                _requests.Enqueue(new OwnershipRequest(OwnershipRequestKind.Withdraw, slot));
                break;
        }
        if (preferred == _self.Shard && known is { Served: 0, Write: Write.None }) _isWaitingForOthers = true;
        if (known.Owner != _self) known.MayBeGivenAway = false;
        if (!known.Target.IsNobody && known.Write == Write.None && !known.MayBeGivenAway) EndHandOver(slot, known.Owner == known.Target);
        return move != SlotMove.Restore;
    }

    /// <summary>A write without an answer may be applied later.</summary>
    private void NoteUncertain(ref Slot known, Write write, Instant now)
    {
        if (write is Write.GiveBack or Write.HandOver) known.MayBeGivenAway = _broken != RuleBreak.LateGiftIsForgotten;
        _uncertainUntil = now + LateWrites;
    }

    private OwnerState StateOf(in OwnerIdentity owner, Instant namedSince)
        => owner.Shard != _self.Shard ? _fleet.StateOf(owner, namedSince)
        // A process that had our shard before: our record is written over its own.
        : _isRegistered ? OwnerState.Gone : OwnerState.Alive;

    /// <summary>
    /// The store has no record of a slot, or one that is older than what we were told. Either there was none, or it is lost, and its owner
    /// writes it again. What we remember may be older than the loss: its owner may have given it to somebody, or somebody may have taken it
    /// when the owner died. So it is free when everybody has had the time to write it.
    /// </summary>
    private bool HaveAllWritten(in Slot known, Instant now)
    {
        if (now < EmptyUntil || now < _lostUntil) return false;
        bool isOfNobody = known.State == RecordState.Missing && (known.Owner.IsNobody || known.Owner == _self);
        return _fleet.HaveAllHadTime()
            || (isOfNobody && _broken is RuleBreak.LostStoreIsEmptyStore or RuleBreak.UnknownOwnerIsNobody);
    }

    private long GiveBackEpoch(in Slot known) => _broken == RuleBreak.GiveBackResetsTheEpoch ? 0 : known.Epoch;

    private void Begin(int slot, Write write, in OwnerIdentity owner, long epoch)
    {
        ref Slot known = ref _slots[slot];
        (known.Write, known.WrittenEpoch) = (write, epoch);
        _outstanding++;
        string? etag = known.State == RecordState.Present ? known.ETag : null;
        _requests.Enqueue(new OwnershipRequest(
            OwnershipRequestKind.WriteSlot, slot, owner, epoch, etag, IsFull: _broken == RuleBreak.ClaimWithoutETag,
            CanWait: write == Write.GiveBack || (write == Write.Claim && known.Cause == SlotMoveCause.Unowned)));
    }

    // Nobody else had an epoch that we had.
    private static void NoteOther(ref Slot known, long epoch)
    {
        if (epoch > known.HighestServed) known.HighestOfOthers = Math.Max(known.HighestOfOthers, epoch);
    }

    private void BeginHandOver(int slot)
    {
        ref Slot known = ref _slots[slot];
        Begin(slot, Write.HandOver, known.Target, known.Epoch + (_broken == RuleBreak.HandOverKeepsTheEpoch ? 0 : 1));
    }

    private void Serve(int slot, long epoch)
    {
        ref Slot known = ref _slots[slot];
        known.Served = epoch;
        if (epoch > known.HighestServed) known.HighestServed = epoch;
        if (epoch > known.HighestTold) known.HighestTold = epoch;
        _requests.Enqueue(new OwnershipRequest(OwnershipRequestKind.Serve, slot, _self, epoch));
    }

    private void StopServing(int slot)
    {
        ref Slot known = ref _slots[slot];
        if (known.Served == 0) return;
        _requests.Enqueue(new OwnershipRequest(OwnershipRequestKind.Drop, slot, known.Owner, known.Served));
        known.Served = 0;
    }

    private void NoteClaimed(int slot)
    {
        ref Slot known = ref _slots[slot];
        Serve(slot, known.Epoch);
        if (known.From != _self) _events.Enqueue(new OwnershipEvent(
            OwnershipEventKind.SlotMoved, _self.Shard, slot, known.From.Shard, known.Epoch, known.Cause));
        known.Cause = SlotMoveCause.None;
    }

    private void EndHandOver(int slot, bool isDone)
    {
        ref Slot known = ref _slots[slot];
        _requests.Enqueue(new OwnershipRequest(OwnershipRequestKind.HandedOver, slot, known.Target, known.Epoch, IsFull: isDone));
        known.Target = OwnerIdentity.Nobody;
    }

    private void FindCandidates(Instant now)
    {
        _candidateCount = _fleet.Candidates(_candidates, _isRegistered && !TakesNone && now < HeldUntil, now);
        Span<int> candidates = _candidates.AsSpan(0, _candidateCount);
        if (candidates.SequenceEqual(_candidatesBefore.AsSpan(0, _candidateCountBefore))) return;
        candidates.CopyTo(_candidatesBefore);
        _candidateCountBefore = _candidateCount;
        (_isSlotLookDue, _waits) = (true, 0);
    }

    /// <summary>
    /// A slot that should be ours and has a live owner comes when its sessions are over. That may take an hour, so the intervals between
    /// the looks become longer.
    /// </summary>
    private void Schedule(Instant now)
    {
        _waits = _isWaitingForOthers ? _waits + 1 : 0;
        TimeSpan wait = SlowLookEvery * (1 << Math.Min(_waits / 4, 8));
        _nextFullSlots = now + (_isWaitingForOthers && wait < _timing.FullLook ? wait : _timing.FullLook);
        // When the wait for owners that write themselves again is over, what nobody has written is free.
        if (now < _lostUntil) _nextFullSlots = Instant.Min(_nextFullSlots, _lostUntil);
        if (now < EmptyUntil) _nextFullSlots = Instant.Min(_nextFullSlots, EmptyUntil);
        if (now < _uncertainUntil) _nextFullSlots = Instant.Min(_nextFullSlots, now + SlowLookEvery);
        foreach (ref Slot slot in _slots.AsSpan())
        {
            // What nobody writes is asked for again soon.
            if (slot.State == RecordState.Missing) _nextFullSlots = Instant.Min(_nextFullSlots, now + SlowLookEvery);
        }
    }

    private void EndSlotsIfDone(Instant now)
    {
        if (_phase != Phase.WritingSlots || _outstanding > 0) return;
        EndCycle(now);
        if (!_isLeaving) return;
        bool isDone = !_isSlotLookDue;
        for (int slot = 0; slot < _slots.Length; slot++) isDone &= _slots[slot].State != RecordState.Present || _slots[slot].Owner != _self;
        if (isDone && !HasLeft) NoteLeft();
    }
}

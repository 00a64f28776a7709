using Dapr.Voice.Wire;

namespace Dapr.Voice.Ownership;

/// <summary>What is known of a process that a slot's record names.</summary>
internal enum OwnerState
{
    Alive,

    /// <summary>Its port is closed, or another process of its shard has registered.</summary>
    Gone,

    /// <summary>Its lease has run out, and a probe stayed unanswered.</summary>
    Silent,
}

/// <summary>
/// Which transceivers of the region are alive, as this process sees them. A lease that has run out proves nothing alone, and neither does a
/// probe without an answer. One thread uses it.
/// </summary>
internal sealed class FleetView
{
    private readonly Peer[] _peers;
    private readonly int _selfShard;
    private readonly OwnershipTiming _timing;
    private readonly RuleBreak _broken;
    private readonly TimeSpan _lease;
    private Instant _lastLook;
    private bool _hasLooked;

    public FleetView(int selfShard, int shardCount, OwnershipTiming timing, RuleBreak broken)
    {
        (_selfShard, _timing, _broken) = (selfShard, timing, broken);
        _peers = new Peer[shardCount];
        _lease = broken == RuleBreak.LeaseTooShort ? timing.Lease / 3 : timing.Lease;
    }

    /// <summary>A look at the fleet would decide something: a probe stayed unanswered.</summary>
    public bool WantsLook { get; set; }

    /// <summary>Grows with each process that turns out not to be alive.</summary>
    public int Deaths { get; private set; }

    /// <summary>The shard of the last of them.</summary>
    public int LastDead { get; private set; } = -1;

    /// <summary>Notes one look at all records that were read.</summary>
    /// <param name="began">When the read began. It says nothing of a later time.</param>
    /// <returns>True if a record that was there is gone.</returns>
    public bool Observe(ReadOnlySpan<TransceiverView> views, Instant began, Instant now)
    {
        // Who could not look could not see a renewal, and perhaps nobody could renew.
        bool isAfterGap = _hasLooked && began - _lastLook > _timing.Gap;
        (_hasLooked, _lastLook, WantsLook) = (true, began, false);
        bool isLost = false;
        for (int shard = 0; shard < _peers.Length; shard++)
        {
            if (shard == _selfShard) continue;
            if (isAfterGap)
            {
                _peers[shard].Watch.Restart(now);
                _peers[shard].Renewals = 0;
            }
            isLost |= Observe(shard, views[shard], began, now);
        }
        return isLost;
    }

    /// <summary>Notes one record. For our own shard: that of another process.</summary>
    public bool Observe(int shard, in TransceiverView view, Instant began, Instant now)
    {
        ref Peer peer = ref _peers[shard];
        if (view.State == RecordState.Unread) return false;
        // For a rule that a test breaks: the look counts for the time of its answer.
        peer.LookBegan = _broken == RuleBreak.LookCountsWhenItEnds ? now : began;
        if (view.State == RecordState.Missing)
        {
            bool wasThere = peer.IsThere;
            peer.IsThere = false;
            // Everybody has to write again, and gets a lease for it.
            if (wasThere) peer.Watch.Restart(now);
            Judge(shard);
            return wasThere;
        }
        bool isOther = !peer.Watch.IsKnown || peer.Watch.Incarnation != view.Incarnation;
        bool hasChanged = peer.Watch.Observe(view.Incarnation, view.ETag, view.Beat, now);
        if (isOther)
        {
            // Another process had to prove that the one before is gone.
            if (peer.IsThere) NoteDeath(shard);
            peer = new Peer { Watch = peer.Watch, LookBegan = peer.LookBegan };
        }
        else if (hasChanged && peer.State != OwnerState.Alive && _broken != RuleBreak.DeadStaysDead)
        {
            // Either a late write of a process that is gone, or the proof was wrong. A probe tells.
            peer.State = OwnerState.Alive;
            peer.IsSuspected = peer.IsDoubted = true;
        }
        // A dead process has one late write at most.
        else if (hasChanged) peer.IsDoubted = false;
        peer.Renewals = !peer.IsThere ? 0 : hasChanged ? peer.Renewals + 1 : peer.Renewals;
        (peer.IsThere, peer.IsDraining, peer.IsName) = (true, view.IsDraining, view.IsName);
        Judge(shard);
        return false;
    }

    /// <summary>Somebody reports that a process does not answer. Only our own probe proves something.</summary>
    public void Suspect(in OwnerIdentity owner)
    {
        if ((uint)owner.Shard >= (uint)_peers.Length) return;
        ref Peer peer = ref _peers[owner.Shard];
        if (!peer.Watch.IsKnown || peer.Watch.Incarnation != owner.Incarnation) return;
        if (_broken == RuleBreak.SuspicionIsProof) Bury(owner.Shard, OwnerState.Gone);
        peer.IsSuspected = true;
    }

    /// <summary>When the next probe is due.</summary>
    public Instant NextProbe
    {
        get
        {
            Instant next = Instant.Never;
            for (int shard = 0; shard < _peers.Length; shard++) next = Instant.Min(next, ProbeDue(_peers[shard]));
            return next;
        }
    }

    /// <summary>Returns a process that is to be probed now, and notes that it is.</summary>
    public bool TryTakeProbe(Instant now, out OwnerIdentity owner)
    {
        for (int shard = 0; shard < _peers.Length; shard++)
        {
            ref Peer peer = ref _peers[shard];
            if (ProbeDue(peer) > now) continue;
            (peer.IsProbing, peer.IsSuspected, peer.ProbeBegan, peer.HasProbed) = (true, false, now, true);
            owner = new OwnerIdentity(shard, peer.Watch.Incarnation);
            return true;
        }
        owner = OwnerIdentity.Nobody;
        return false;
    }

    public void Probed(in OwnerIdentity owner, ProbeAnswer answer, Instant now)
    {
        ref Peer peer = ref _peers[owner.Shard];
        // The record names another process by now.
        if (!peer.IsProbing || peer.Watch.Incarnation != owner.Incarnation) return;
        peer.IsProbing = false;
        if (peer.IsName)
        {
            // Behind a name may be several processes, one after the other or at once, and a name that leads nowhere may lead there again.
            if (answer == ProbeAnswer.OtherProcess && _broken != RuleBreak.OtherProcessAtANameIsProof) answer = ProbeAnswer.Silent;
            if (answer == ProbeAnswer.PortClosed && _broken != RuleBreak.ClosedPortAtANameIsProof) answer = ProbeAnswer.Silent;
        }
        if (answer == ProbeAnswer.Alive && _broken == RuleBreak.AnsweredProbeIsSilence) answer = ProbeAnswer.Silent;
        switch (answer)
        {
            case ProbeAnswer.Alive:
                peer.IsSilent = peer.IsDoubted = false;
                if (_broken != RuleBreak.AnswerIsNoSign) peer.Watch.NoteAnswer(now);
                if (_broken != RuleBreak.DeadStaysDead) peer.State = OwnerState.Alive;
                break;
            case ProbeAnswer.Silent:
                // This process stood still itself: the answer may wait in its socket.
                if (now - peer.ProbeBegan > _timing.Fence && _broken != RuleBreak.OldSilenceCounts) break;
                (peer.IsSilent, peer.SilentSince) = (true, peer.ProbeBegan);
                WantsLook |= now - peer.Watch.SignAt >= _lease;
                break;
            default:
                Bury(owner.Shard, OwnerState.Gone);
                break;
        }
        Judge(owner.Shard);
    }

    /// <summary>Our record is written, so the process that had our shard before is gone.</summary>
    public void ForgetPredecessor() => _peers[_selfShard] = default;

    /// <summary>What is known of the process that a slot's record names.</summary>
    /// <param name="namedSince">When the record was first read that names it.</param>
    public OwnerState StateOf(in OwnerIdentity owner, Instant namedSince)
    {
        if ((uint)owner.Shard >= (uint)_peers.Length) return OwnerState.Alive;
        ref readonly Peer peer = ref _peers[owner.Shard];
        if (peer.Watch.IsKnown && peer.Watch.Incarnation == owner.Incarnation)
            return _broken == RuleBreak.DrainingIsDead && peer.IsDraining ? OwnerState.Gone : peer.State;
        // Another process of the shard has registered, and had to prove first that this one is gone. But if the look at the fleet is older
        // than the slot's record, this one may be the newer of the two.
        if (peer.IsThere && (peer.LookBegan >= namedSince || _broken == RuleBreak.StaleLookAtTheFleetIsProof)) return OwnerState.Gone;
        // Nobody has ever seen its record. It had a whole lease to write it.
        return peer.LookBegan - namedSince >= _lease ? OwnerState.Silent : OwnerState.Alive;
    }

    /// <summary>
    /// Every process that is known and alive has renewed its record for a lease without a break, so it had the time to write the records
    /// of its slots, too.
    /// </summary>
    public bool HaveAllHadTime()
    {
        foreach (ref readonly Peer peer in _peers.AsSpan())
        {
            if (peer.Watch.IsKnown && peer.State == OwnerState.Alive && !HasHadTime(peer)) return false;
        }
        return true;
    }

    /// <summary>
    /// A process gives its slots away. What it gave does not return to it, although the last look at its record may not tell that it
    /// leaves.
    /// </summary>
    public void NoteLeaving(int shard, Instant now)
    {
        if ((uint)shard < (uint)_peers.Length) _peers[shard].LeavesUntil = now + _timing.Lease;
    }

    /// <summary>Fills in the shards that may own slots: those that renew their records and do not leave.</summary>
    /// <param name="shards">Room for all shards.</param>
    /// <param name="self">Whether this process is one of them.</param>
    /// <returns>How many.</returns>
    public int Candidates(Span<int> shards, bool self, Instant now)
    {
        int count = 0;
        for (int shard = 0; shard < _peers.Length; shard++)
        {
            ref readonly Peer peer = ref _peers[shard];
            // An owner that lives but cannot reach the store keeps what it has. It could not claim anything.
            // Of one that was dead, the last renewal may be read late. It gets nothing until a probe or another renewal has told.
            bool isCandidate = shard == _selfShard ? self
                : peer is { IsThere: true, State: OwnerState.Alive, IsDraining: false, IsDoubted: false } && now >= peer.LeavesUntil
                && (peer.Watch.IsRenewed(_lease, peer.LookBegan) || _broken == RuleBreak.LapsedOwnerIsCandidate);
            if (isCandidate) shards[count++] = shard;
        }
        return count;
    }

    /// <summary>The record has to be unchanged in a look after the lease, and the last probe of the lease unanswered.</summary>
    private void Judge(int shard)
    {
        ref Peer peer = ref _peers[shard];
        if (peer.State != OwnerState.Alive || !peer.Watch.IsKnown) return;
        bool hasRunOut = peer.Watch.HasRunOut(_lease, peer.LookBegan) || _broken == RuleBreak.ProbeAloneSuffices;
        bool isUnanswered = (peer.IsSilent && peer.SilentSince >= peer.Watch.SignAt + (_lease - _timing.Probe))
            || (peer.IsSilent && _broken is RuleBreak.EarlySilenceCounts or RuleBreak.ProbeAloneSuffices)
            || _broken == RuleBreak.LeaseAloneSuffices;
        if (hasRunOut && isUnanswered) Bury(shard, OwnerState.Silent);
    }

    private bool HasHadTime(in Peer peer)
        => peer.IsThere && ((peer.Renewals >= _timing.RenewalsInALease && peer.Watch.IsRenewed(_timing.Gap, peer.LookBegan))
            || _broken == RuleBreak.OwnerThatReturnsHadTime);

    private void Bury(int shard, OwnerState state)
    {
        ref Peer peer = ref _peers[shard];
        if (peer.State == OwnerState.Alive) NoteDeath(shard);
        peer.State = state;
    }

    private void NoteDeath(int shard)
    {
        Deaths++;
        LastDead = shard;
    }

    private Instant ProbeDue(in Peer peer)
    {
        if (peer.IsProbing || !peer.Watch.IsKnown) return Instant.Never;
        if (peer.IsSuspected) return new Instant(long.MinValue);
        // A process that is gone is not asked again. One that was silent shows itself by a change of its record.
        if (peer.State != OwnerState.Alive) return Instant.Never;
        Instant sign = peer.Watch.SignAt, last = sign + (_lease - _timing.Probe);
        if (!peer.HasProbed || peer.ProbeBegan < sign) return sign + _timing.Doubt;
        return peer.ProbeBegan < last ? last : peer.ProbeBegan + (_timing.Probe * 2);
    }

    private struct Peer
    {
        public LeaseWatch Watch;
        public OwnerState State;

        /// <summary>When the last look began that covered this shard.</summary>
        public Instant LookBegan;

        /// <summary>How many renewals of its record were seen without a gap, since the record is there.</summary>
        public int Renewals;
        public bool IsThere, IsDraining, IsName, IsSuspected;

        /// <summary>It was dead, and its record has changed since.</summary>
        public bool IsDoubted;
        public bool IsProbing, HasProbed, IsSilent;
        public Instant ProbeBegan, SilentSince, LeavesUntil;
    }
}

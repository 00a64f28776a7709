using Dapr.Voice.Ownership;
using Dapr.Voice.Steering;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Simulation.World;

/// <summary>
/// The rules of the release before <see cref="SlotOwner"/>, for a fleet in the middle of an update. It compares the lease in a record with
/// its own time of day, and takes a lease that is over for half a second as the proof of death. It does not continue sessions of others.
/// </summary>
internal sealed class PreviousRelease(OwnerIdentity self, int slotCount, int shardCount, Instant now)
{
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(500), RenewEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FullLookEvery = TimeSpan.FromSeconds(10);

    private readonly Queue<OwnershipRequest> _requests = new();
    private readonly Seen[] _shards = new Seen[shardCount];
    private readonly SlotView[] _lastSeen = new SlotView[slotCount];
    private readonly long[] _served = new long[slotCount];
    private readonly OwnershipRequest[] _pending = new OwnershipRequest[slotCount];
    private readonly int[] _candidates = new int[shardCount], _before = new int[shardCount];
    private int _candidateCount, _beforeCount, _outstanding;
    private bool _isBusy, _hasRegistered, _isLookDue = true, _isWaitingForOthers, _isDraining;
    private Instant _nextFullLook = new(long.MinValue);
    private Instant _nextLook = now;
    private long _beat;

    public Instant NextTimeout => _isBusy ? Instant.Never : _nextLook;

    public static TimeSpan Lease => TimeSpan.FromSeconds(3);

    public bool IsDraining => _isDraining;

    public bool TryTakeRequest(out OwnershipRequest request) => _requests.TryDequeue(out request);

    public void StartDraining() => _isDraining = true;

    public void HandleTimeout(Instant now)
    {
        if (_isBusy || now < _nextLook) return;
        _isBusy = true;
        _nextLook = now + RenewEvery;
        _requests.Enqueue(new OwnershipRequest(OwnershipRequestKind.ReadFleet, Began: now, IsFull: true));
    }

    public void FleetRead(ReadOnlySpan<TransceiverView> views, ReadOnlySpan<long> leaseUntil, long utcNow, Instant now)
    {
        for (int shard = 0; shard < _shards.Length; shard++)
        {
            if (shard != self.Shard) Observe(ref _shards[shard], views[shard], leaseUntil[shard] > utcNow, now);
        }
        TransceiverView own = views[self.Shard];
        if (own.State == RecordState.Present && own.Incarnation != self.Incarnation)
        {
            if (_hasRegistered)
            {
                _hasRegistered = false;
                for (int slot = 0; slot < slotCount; slot++) Lose(slot);
                _isBusy = false;
                return;
            }
            if (leaseUntil[self.Shard] > utcNow && !own.IsOurPlace)
            {
                _isBusy = false;
                return;
            }
        }
        if (own.State == RecordState.Missing) _isLookDue = true;
        string? etag = own.State == RecordState.Missing ? null : own.ETag;
        _requests.Enqueue(new OwnershipRequest(OwnershipRequestKind.WriteRecord, Owner: self, Epoch: ++_beat, ETag: etag, Began: now));
    }

    public void Failed()
    {
        _isLookDue = true;
        _isBusy = false;
    }

    public void RecordWritten(StoreWrite outcome, Instant now)
    {
        if (outcome != StoreWrite.Written)
        {
            Failed();
            return;
        }
        if (!_hasRegistered) _isLookDue = true;
        _hasRegistered = true;
        _shards[self.Shard] = new Seen { IsKnown = true, Incarnation = self.Incarnation, IsDraining = _isDraining };
        FindCandidates();
        bool hasChanged = !_candidates.AsSpan(0, _candidateCount).SequenceEqual(_before.AsSpan(0, _beforeCount));
        _candidates.CopyTo(_before, 0);
        _beforeCount = _candidateCount;
        if (!_isLookDue && !hasChanged && now < _nextFullLook)
        {
            _isBusy = false;
            return;
        }
        _requests.Enqueue(new OwnershipRequest(OwnershipRequestKind.ReadSlots, Began: now));
    }

    public void SlotsRead(ReadOnlySpan<SlotView> views, Instant now)
    {
        (_isLookDue, _isWaitingForOthers, _outstanding) = (false, false, 0);
        for (int slot = 0; slot < slotCount; slot++) Act(slot, views[slot]);
        _nextFullLook = now + (_isWaitingForOthers ? RenewEvery : FullLookEvery);
        if (_outstanding == 0) _isBusy = false;
    }

    public void Withdrawn(int slot, bool isWithdrawn)
    {
        if (!isWithdrawn)
        {
            _isLookDue = true;
            return;
        }
        _served[slot] = 0;
        Write(slot, OwnerIdentity.Nobody, _lastSeen[slot].Epoch, _lastSeen[slot].ETag);
    }

    public void SlotWritten(int slot, StoreWrite outcome)
    {
        if (outcome == StoreWrite.Written)
        {
            OwnershipRequest written = _pending[slot];
            _lastSeen[slot] = _lastSeen[slot] with { State = RecordState.Present, Owner = written.Owner, Epoch = written.Epoch };
            if (written.Owner == self) Serve(slot, written.Epoch);
        }
        else
        {
            _isLookDue = true;
        }
        if (--_outstanding == 0) _isBusy = false;
    }

    private void Act(int slot, in SlotView record)
    {
        SlotView before = _lastSeen[slot];
        bool hadLiveOwner = before.State == RecordState.Present && before.Owner != self && IsAlive(before.Owner);
        if (record.State == RecordState.Present) _lastSeen[slot] = record;
        bool isPreferred = RendezvousHash.Choose(0, (ushort)slot, _candidates.AsSpan(0, _candidateCount)) == self.Shard;
        if (record.State == RecordState.Present && record.Owner == self)
        {
            if (!isPreferred && _served[slot] > 0) _requests.Enqueue(new OwnershipRequest(OwnershipRequestKind.Withdraw, slot));
            else if (!isPreferred) Write(slot, OwnerIdentity.Nobody, record.Epoch, record.ETag);
            else if (_served[slot] != record.Epoch) Serve(slot, record.Epoch);
            return;
        }
        if (_served[slot] > 0)
        {
            if (record.State == RecordState.Missing || record.Epoch < _served[slot]) Claim(slot, record);
            else Lose(slot);
            return;
        }
        if (!isPreferred) return;
        bool isFree = record.State == RecordState.Missing ? !hadLiveOwner : record.Owner.IsNobody || !IsAlive(record.Owner);
        if (isFree) Claim(slot, record);
        else _isWaitingForOthers = true;
    }

    private void Claim(int slot, in SlotView record)
        => Write(slot, self, Math.Max(record.Epoch, Math.Max(_lastSeen[slot].Epoch, _served[slot])) + 1,
            record.State == RecordState.Missing ? null : record.ETag);

    private void Write(int slot, OwnerIdentity owner, long epoch, string? etag)
    {
        _outstanding++;
        _pending[slot] = new OwnershipRequest(OwnershipRequestKind.WriteSlot, slot, owner, epoch, etag);
        _requests.Enqueue(_pending[slot]);
    }

    private void Serve(int slot, long epoch)
    {
        _served[slot] = epoch;
        _requests.Enqueue(new OwnershipRequest(OwnershipRequestKind.Serve, slot, self, epoch));
    }

    private void Lose(int slot)
    {
        if (_served[slot] == 0) return;
        _served[slot] = 0;
        _requests.Enqueue(new OwnershipRequest(OwnershipRequestKind.Drop, slot));
    }

    private static void Observe(ref Seen seen, in TransceiverView record, bool isLeaseHeld, Instant now)
    {
        bool isThere = record.State == RecordState.Present;
        if (isThere && isLeaseHeld)
        {
            seen = new Seen { IsKnown = true, Incarnation = record.Incarnation, IsDraining = record.IsDraining };
            return;
        }
        if (isThere && (!seen.IsKnown || seen.Incarnation != record.Incarnation))
            seen = new Seen { IsKnown = true, Incarnation = record.Incarnation };
        if (!seen.HasRunOut) (seen.HasRunOut, seen.RunOutSince) = (true, now);
        seen.IsDead |= (isThere && record.IsDraining) || now - seen.RunOutSince >= Grace;
    }

    private bool IsAlive(in OwnerIdentity owner)
    {
        if (owner.IsNobody) return false;
        ref readonly Seen seen = ref _shards[owner.Shard];
        if (seen.IsDead || (!seen.IsKnown && !seen.HasRunOut)) return false;
        return !seen.IsKnown || seen.Incarnation == owner.Incarnation;
    }

    private void FindCandidates()
    {
        _candidateCount = 0;
        for (int leaving = 0; leaving < 2 && _candidateCount == 0; leaving++)
        {
            for (int shard = 0; shard < _shards.Length; shard++)
            {
                ref readonly Seen seen = ref _shards[shard];
                if (seen.IsKnown && !seen.IsDead && seen.IsDraining == (leaving == 1)) _candidates[_candidateCount++] = shard;
            }
        }
    }

    private struct Seen
    {
        public bool IsKnown, IsDraining, HasRunOut, IsDead;
        public ulong Incarnation;
        public Instant RunOutSince;
    }
}

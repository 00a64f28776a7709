using Dapr.Voice.Ownership;

namespace Dapr.Voice.Tests.Simulation.World;

internal enum StoreOpKind : byte { ReadFleet, WriteRecord, ReadSlots, WriteSlot, ReadCheckpoint, WriteCheckpoint }

/// <summary>An operation on its way to a store and back.</summary>
internal sealed class StoreOp
{
    public readonly TransceiverView[] Fleet = new TransceiverView[SimWorld.Shards];
    public readonly long[] LeaseUntil = new long[SimWorld.Shards], Landed = new long[SimWorld.Shards];
    public readonly SlotView[] Slots = new SlotView[SimWorld.MaximumSlots];
    public int Index;
    public StoreOpKind Kind;
    public int Process, Slot;
    public OwnerIdentity Owner;
    public long Epoch, Began, WallLease;
    public string? ETag;
    public bool IsUnconditional, IsDraining, IsFailed, IsAnswered;
    public StoreWrite Outcome;
    public CheckpointRecord Checkpoint;
}

/// <summary>The checkpoint of a slot's only session.</summary>
internal struct CheckpointRecord
{
    public bool Exists;

    /// <summary>The key. A session that begins anew has another one.</summary>
    public int Key;
    public long Epoch;

    /// <summary>Indices at and above it have not been used by whoever wrote the record.</summary>
    public int Bound;
    public string? ETag;
}

/// <summary>
/// A state store as the recordings show them (docs/dapr.md): compare-and-set and create with one winner, in the variants in which the
/// stores differ.
/// </summary>
internal sealed class SimStore
{
    private static readonly string[] ETags = [.. Enumerable.Range(0, 20_000)
        .Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture))];

    private readonly TransceiverRow[] _fleet = new TransceiverRow[SimWorld.Shards];
    private readonly SlotRow[] _slots = new SlotRow[SimWorld.MaximumSlots];
    private readonly CheckpointRecord[] _checkpoints = new CheckpointRecord[SimWorld.MaximumSlots];
    private readonly int[] _endedBelow = new int[SimWorld.MaximumSlots];
    private int _etag;

    /// <summary>ETags begin at 1 again for a record that was deleted (Redis).</summary>
    public bool RestartsETags { get; set; }

    /// <summary>An ETag on a key that is missing is accepted (Redis, Table Storage).</summary>
    public bool AcceptsETagOfAMissingKey { get; set; }

    public void Reset()
    {
        Array.Clear(_fleet);
        Array.Clear(_slots);
        Array.Clear(_checkpoints);
        Array.Clear(_endedBelow);
        _etag = 0;
    }

    public ref readonly SlotRow Slot(int slot) => ref _slots[slot];
    public ref readonly TransceiverRow Transceiver(int shard) => ref _fleet[shard];

    /// <summary>A region that is not new: its slots were given back.</summary>
    public void Prefill(int slots)
    {
        for (int slot = 0; slot < slots; slot++) Put(ref _slots[slot], OwnerIdentity.Nobody, 0);
    }

    public void WipeSessions()
    {
        Array.Clear(_fleet);
        Array.Clear(_slots);
    }

    public void WipeCheckpoints() => Array.Clear(_checkpoints);

    /// <summary>The session has ended. Whatever of it is still on its way, nobody continues it.</summary>
    /// <param name="nextKey">Keys below this one were used before.</param>
    public void EndSession(int slot, int nextKey) => (_checkpoints[slot], _endedBelow[slot]) = (default, nextKey);

    public void ReadFleet(StoreOp op, int endpointOfReader, SimWorld world)
    {
        for (int shard = 0; shard < SimWorld.Shards; shard++)
        {
            ref readonly TransceiverRow row = ref _fleet[shard];
            op.Fleet[shard] = row.ETag is null ? new TransceiverView(RecordState.Missing)
                : new TransceiverView(RecordState.Present, row.Incarnation, row.ETag, row.Beat, row.IsDraining, world.HasNames,
                    !world.HasNames && row.Endpoint == endpointOfReader);
            (op.LeaseUntil[shard], op.Landed[shard]) = (row.WallLease, row.LandedAt);
        }
    }

    public StoreWrite WriteRecord(StoreOp op, int endpoint, long now)
    {
        ref TransceiverRow row = ref _fleet[op.Owner.Shard];
        if (!MayWrite(op, row.ETag))
            return row.Incarnation == op.Owner.Incarnation && row.Beat == op.Epoch ? StoreWrite.Written : StoreWrite.Conflict;
        row = new TransceiverRow
        {
            Incarnation = op.Owner.Incarnation, Beat = op.Epoch, IsDraining = op.IsDraining, Endpoint = endpoint, WallLease = op.WallLease,
            LandedAt = now, Number = row.Number,
        };
        row.ETag = NextETag(ref row.Number);
        return StoreWrite.Written;
    }

    public void ReadSlots(StoreOp op, int slots)
    {
        for (int slot = 0; slot < slots; slot++)
        {
            ref readonly SlotRow row = ref _slots[slot];
            op.Slots[slot] = row.ETag is null ? new SlotView(RecordState.Missing)
                : new SlotView(RecordState.Present, row.Owner, row.Epoch, row.ETag);
        }
    }

    public StoreWrite WriteSlot(StoreOp op)
    {
        ref SlotRow row = ref _slots[op.Slot];
        if (!MayWrite(op, row.ETag))
        {
            // The client reads a key back that it could not create: its own value means that the create has succeeded after all.
            return op.ETag is null && row.ETag is not null
                && row.Owner == op.Owner && row.Epoch == op.Epoch ? StoreWrite.Written : StoreWrite.Conflict;
        }
        Put(ref row, op.Owner, op.Epoch);
        return StoreWrite.Written;
    }

    public void ReadCheckpoint(StoreOp op) => op.Checkpoint = _checkpoints[op.Slot];

    public StoreWrite WriteCheckpoint(StoreOp op)
    {
        ref CheckpointRecord row = ref _checkpoints[op.Slot];
        // A record of another session has another key in the store.
        if ((row.Exists && row.Key != op.Checkpoint.Key) || op.Checkpoint.Key < _endedBelow[op.Slot]) return StoreWrite.Conflict;
        if (!MayWrite(op, row.ETag)) return StoreWrite.Conflict;
        row = op.Checkpoint;
        row.Exists = true;
        row.ETag = ETags[++_etag];
        return StoreWrite.Written;
    }

    private bool MayWrite(StoreOp op, string? current)
        => op.IsUnconditional || (op.ETag is null ? current is null
            : current is null ? AcceptsETagOfAMissingKey : string.Equals(op.ETag, current, StringComparison.Ordinal));

    private void Put(ref SlotRow row, in OwnerIdentity owner, long epoch)
    {
        (row.Owner, row.Epoch) = (owner, epoch);
        row.ETag = NextETag(ref row.Number);
    }

    private string NextETag(ref int number) => ETags[RestartsETags ? ++number : ++_etag];

    public struct TransceiverRow
    {
        public ulong Incarnation;
        public string? ETag;
        public long Beat, WallLease, LandedAt;
        public bool IsDraining;
        public int Endpoint, Number;
    }

    public struct SlotRow
    {
        public OwnerIdentity Owner;
        public long Epoch;
        public string? ETag;
        public int Number;
    }
}

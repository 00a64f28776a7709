using Dapr.Voice.Ownership;

namespace Dapr.Voice.Tests.Simulation.World;

/// <summary>What must never happen, whatever fails.</summary>
internal sealed class Oracle(SimWorld world)
{
    private const int MaximumKeys = 64, MaximumIndices = 256, MaximumEpochs = 64;

    // Who has used an index of a key, and who has served a slot under an epoch: the process's number plus one.
    private readonly byte[] _users = new byte[MaximumKeys * MaximumIndices];
    private readonly byte[] _servers = new byte[SimWorld.MaximumSlots * MaximumEpochs];

    // One bit for each process: a write from before a loss of data may put a second one over the first (IsMistaken).
    private readonly ulong[] _named = new ulong[SimWorld.MaximumSlots * MaximumEpochs];
    private readonly long[] _highest = new long[SimWorld.MaximumSlots], _servedAt = new long[SimWorld.MaximumSlots];
    private readonly bool[] _hasOldCheckpoint = new bool[SimWorld.MaximumSlots];
    private int _highestUser;

    public void Reset()
    {
        Array.Clear(_users, 0, Math.Min(_users.Length, _highestUser + 1));
        Array.Clear(_servers);
        Array.Clear(_named);
        Array.Clear(_highest);
        Array.Clear(_servedAt);
        Array.Clear(_hasOldCheckpoint);
        _highestUser = 0;
    }

    /// <summary>
    /// After it has lost its data, a store may apply a write from before: its ETags begin again, or a missing key accepts any (Redis).
    /// </summary>
    private bool IsMistaken => world.HasLostData && (world.Store.RestartsETags || world.Store.AcceptsETagOfAMissingKey);

    /// <summary>The highest epoch under which a slot was ever served.</summary>
    public long Highest(int slot) => _highest[slot];

    /// <summary>
    /// A store that has lost its data has applied a checkpoint's write from before that. Nobody can know that its bound is an old one
    /// (decision 0035).
    /// </summary>
    public void NoteOldCheckpoint(int slot) => _hasOldCheckpoint[slot] = true;

    public void CheckPacket(SimProcess process, int slot, int key, int index, long epoch)
    {
        int place = (key * MaximumIndices) + index;
        if ((uint)index >= MaximumIndices || key >= MaximumKeys) return;
        _highestUser = Math.Max(_highestUser, place);
        byte me = (byte)(process.Index + 1);
        if (_users[place] == 0) _users[place] = me;
        else if (_hasOldCheckpoint[slot]) return;
        else if (_users[place] != me) world.Violate("uses a key index that another process has used", process.Index, slot);
        else world.Violate("uses a key index twice", process.Index, slot);

        // A process that stood still must not send before it knows that nobody has its slot.
        if (_highest[slot] > epoch && process.LastPause > (SimWorld.Timing.Fence + SimWorld.Slack).Ticks
            && _servedAt[slot] < process.ResumedAt && world.Server(slot, _highest[slot]) is { IsAlive: true })
            world.Violate("sends after a pause in which another process took its slot", process.Index, slot);
        world.Deliver(process, slot, epoch);
    }

    /// <param name="inputBegan">When the request began whose answer leads to it.</param>
    public void NoteServe(SimProcess process, int slot, long epoch, long inputBegan)
    {
        if (epoch >= MaximumEpochs) return;
        int place = (slot * MaximumEpochs) + (int)epoch;
        byte me = (byte)(process.Index + 1);
        // After a loss of data, an epoch that is not served is known to relays at most. What they tell is checked with the claim.
        bool isForgotten = _servers[place] != 0 && world.HasLostData
            && (IsMistaken || world.Losses > 1 || world.Process(_servers[place] - 1) is not { IsAlive: true } server
            || server.Table[slot] != epoch);
        if (_servers[place] != 0 && _servers[place] != me && !isForgotten)
            world.Violate("serves an epoch that another process has served", process.Index, slot);
        _servers[place] = me;
        if (epoch > _highest[slot]) (_highest[slot], _servedAt[slot]) = (epoch, world.Now);
        if (process.IsPreviousRelease) return;
        if ((_named[place] & (1UL << me)) == 0) world.Violate("serves a slot whose record never named it", process.Index, slot);
        if (world.Now - inputBegan > SimWorld.Timing.Fence.Ticks)
            world.Violate("serves a slot because of an answer from before a pause", process.Index, slot);
    }

    public int ServerOf(int slot, long epoch) => epoch < MaximumEpochs ? _servers[(slot * MaximumEpochs) + (int)epoch] - 1 : -1;

    /// <summary>The store has applied a write.</summary>
    public void NoteWritten(StoreOp op, in SimStore.SlotRow before)
    {
        if (before.ETag is not null)
        {
            if (op.Epoch < before.Epoch && !IsMistaken) world.Violate("writes a lower epoch", op.Process, op.Slot);
            if (!op.Owner.IsNobody && op.Owner != before.Owner && op.Epoch <= before.Epoch && !IsMistaken)
                world.Violate("writes another owner without a higher epoch", op.Process, op.Slot);
        }
        if (op.Owner.IsNobody)
        {
            if (world.Process(op.Process) is { IsAlive: true, IsPreviousRelease: false } giver
                && giver.Table[op.Slot] > 0 && giver.Table[op.Slot] <= op.Epoch)
                world.Violate("gives a slot back and serves it", op.Process, op.Slot);
        }
        else if (op.Epoch < MaximumEpochs)
        {
            _named[(op.Slot * MaximumEpochs) + (int)op.Epoch] |= 1UL << (int)op.Owner.Incarnation;
        }
    }

    /// <summary>A process decides to write itself into a slot's record.</summary>
    public void CheckClaim(SimProcess process, in OwnershipRequest request)
    {
        if (process.IsPreviousRelease || request.Owner != process.Id) return;
        int slot = request.Slot;
        // It writes again what it has.
        if (process.Table[slot] == request.Epoch) return;
        if (request.Epoch <= process.Knowledge.Told[slot])
            world.Violate("claims a slot with an epoch that somebody has seen", process.Index, slot);
        // What happened after its look at the slot, the compare-and-set finds out.
        SlotView seen = process.Knowledge.Slots[slot];
        if (_servedAt[slot] >= process.Knowledge.SlotsBegan || (seen.State == RecordState.Present && seen.Owner.IsNobody)) return;
        int owner = ServerOf(slot, _highest[slot]);
        if (owner < 0 || owner == process.Index || world.Process(owner) is not { IsAlive: true } living) return;
        // A write from before the loss has hit the record that its owner had written again: its ETag was the same.
        if (IsMistaken && seen.State == RecordState.Present && seen.Owner != living.Id) return;
        // The record names somebody who has not served the slot yet. His claim was checked when he decided it.
        if (seen.State == RecordState.Present && seen.Epoch > _highest[slot] && seen.Owner != living.Id) return;
        // Data that are lost twice within moments, with an owner that died in between: its slot may be taken twice (decision 0035).
        if (world.Losses > 1 && seen.State == RecordState.Missing) return;
        if (living.Table[slot] == _highest[slot])
            CheckLiving(process, living, slot, "takes the slot of a living owner");
    }

    /// <summary>A process decides to write its own record.</summary>
    public void CheckRegistration(SimProcess process, in OwnershipRequest request)
    {
        int before = process.Knowledge.Predecessor;
        if (process.IsPreviousRelease || before < 0 || before == process.Index || process.Knowledge.IsPredecessorsPlaceOurs) return;
        if (world.Process(before) is { IsAlive: true } living && request.ETag is not null)
            CheckLiving(process, living, -1, "registers over a living process of its shard");
    }

    /// <summary>All slots were ours in a read that began then.</summary>
    public void CheckConfirm(SimProcess process, long began)
    {
        if (world.Broken == RuleBreak.WallClock) return;
        SimKnowledge known = process.Knowledge;
        bool isTrue = known.SlotsBegan == began;
        for (int slot = 0; slot < world.SlotCount && isTrue; slot++)
            isTrue = process.Table[slot] == 0 || known.Slots[slot].Owner == process.Id || process.Table[slot] > known.Slots[slot].Epoch;
        if (!isTrue) world.Violate("confirms slots that it has not seen as its own", process.Index, -1);
    }

    private void CheckLiving(SimProcess process, SimProcess living, int slot, string what)
    {
        // Another process has the shard. Its registration was checked.
        if (slot >= 0 && world.Store.Transceiver(living.Id.Shard)
            is { ETag: not null } record && record.Incarnation != living.Id.Incarnation)
            return;
        // A write from before a loss has put another process into the record of its shard, for a moment.
        if (IsMistaken && process.Knowledge.Shown[living.Id.Shard] != living.Id.Incarnation) return;
        if (!process.Knowledge.MayBeDead(living.Index, world.Now)) world.Violate(what, process.Index, slot);
    }
}

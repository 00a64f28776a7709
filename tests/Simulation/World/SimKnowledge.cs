using Dapr.Voice.Ownership;

namespace Dapr.Voice.Tests.Simulation.World;

/// <summary>What a process was told, as far as the oracle needs it. Times are those of the simulation, in ticks.</summary>
internal sealed class SimKnowledge
{
    private readonly Peer[] _peers = new Peer[SimWorld.MaximumProcesses];

    /// <summary>The highest epoch of each slot that it was told.</summary>
    public long[] Told { get; } = new long[SimWorld.MaximumSlots];

    /// <summary>The process that the last look showed in the record of each shard, or 0.</summary>
    public ulong[] Shown { get; } = new ulong[SimWorld.Shards];
    public SlotView[] Slots { get; } = new SlotView[SimWorld.MaximumSlots];
    public long SlotsBegan { get; private set; }
    public long LookBegan { get; private set; }
    public long FirstLook { get; private set; }
    public bool IsRegistered { get; set; }
    public bool HasRelayView { get; set; }

    /// <summary>The process that the last look showed in its own record, or -1.</summary>
    public int Predecessor { get; private set; }
    public bool IsPredecessorsPlaceOurs { get; private set; }

    public void Reset()
    {
        Array.Clear(_peers);
        Array.Clear(Told);
        Array.Clear(Shown);
        Array.Clear(Slots);
        (SlotsBegan, LookBegan, FirstLook, IsRegistered, HasRelayView, Predecessor) = (-1, -1, -1, false, false, -1);
    }

    public void NoteLook(StoreOp op, long now)
    {
        LookBegan = op.Began;
        if (FirstLook < 0) FirstLook = now;
        for (int shard = 0; shard < SimWorld.Shards; shard++)
        {
            if (op.Fleet[shard].State != RecordState.Present) continue;
            Shown[shard] = op.Fleet[shard].Incarnation;
            int process = (int)op.Fleet[shard].Incarnation - 1;
            ref Peer peer = ref _peers[process];
            peer.IsKnown = true;
            peer.Landed = Math.Max(peer.Landed, op.Landed[shard]);
            if (shard == op.Owner.Shard) (Predecessor, IsPredecessorsPlaceOurs) = (process, op.Fleet[shard].IsOurPlace);
        }
    }

    public void NoteSlots(StoreOp op, int count)
    {
        SlotsBegan = op.Began;
        for (int slot = 0; slot < count; slot++)
        {
            Slots[slot] = op.Slots[slot];
            if (op.Slots[slot].State == RecordState.Present) Told[slot] = Math.Max(Told[slot], op.Slots[slot].Epoch);
        }
    }

    public void NoteProbe(int process, ProbeAnswer answer, long began, long now)
    {
        ref Peer peer = ref _peers[process];
        if (answer == ProbeAnswer.Alive) (peer.IsSilent, peer.Answered) = (false, now);
        // A silence that is noticed late says nothing, and takes nothing back that an earlier one said.
        else if (now - began <= SimWorld.Timing.Fence.Ticks && (answer == ProbeAnswer.Silent || peer.HasName))
            (peer.IsSilent, peer.ProbeBegan) = (true, began);
    }

    public void NoteName(int process, bool hasName) => _peers[process].HasName = hasName;

    /// <summary>
    /// Whether a process that lives may be taken for dead: its record was unchanged for a lease, it answered no probe for a lease, and the
    /// last probe of the lease stayed unanswered.
    /// </summary>
    public bool MayBeDead(int process, long now)
    {
        ref readonly Peer peer = ref _peers[process];
        if (!peer.IsKnown)
        {
            // It could not know that the process exists. It had to wait for it.
            long wait = HasRelayView ? SimWorld.Timing.Gap.Ticks : SimWorld.Timing.Lease.Ticks;
            return FirstLook >= 0 && now - FirstLook >= wait;
        }
        long sign = Math.Max(peer.Landed, peer.Answered);
        return peer.IsSilent && peer.ProbeBegan >= sign + SimWorld.Timing.Lease.Ticks - SimWorld.Timing.Probe.Ticks
            && LookBegan - sign >= SimWorld.Timing.Lease.Ticks;
    }

    private struct Peer
    {
        public bool IsKnown, IsSilent, HasName;
        public long Landed, Answered, ProbeBegan;
    }
}

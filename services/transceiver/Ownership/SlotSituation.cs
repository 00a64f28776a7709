using Dapr.Voice.Contracts;

namespace Dapr.Voice.Transceiver.Ownership;

/// <summary>Everything that the decision about one slot depends on.</summary>
/// <param name="Self">This process.</param>
/// <param name="Record">The slot's record as it was just read. Null if there is none.</param>
/// <param name="ServedEpoch">The epoch under which our workers serve the slot. Null if they do not serve it.</param>
/// <param name="IsPreferred">The rendezvous hash over the live transceivers assigns the slot to us.</param>
/// <param name="IsOwnerAlive">The process in the record is alive, or is not known to be dead yet.</param>
/// <param name="HadLiveOwner">The record that was read before this one named a process that is alive. This tells a store that lost its data
/// from a region that starts.</param>
internal readonly record struct SlotSituation(
    OwnerIdentity Self, SlotRecord? Record, long? ServedEpoch, bool IsPreferred, bool IsOwnerAlive, bool HadLiveOwner)
{
    public SlotMove Decide()
    {
        if (Record is { } record && record.Shard == Self.Shard && record.Incarnation == Self.Incarnation)
        {
            if (!IsPreferred) return SlotMove.GiveBack;
            return ServedEpoch == record.Epoch ? SlotMove.Keep : SlotMove.Adopt;
        }
        if (ServedEpoch is { } served)
        {
            // If there is no record, the store has lost its data, and whoever serves the slot writes the record again. If the record has an
            // older epoch than ours, the store went back in time (a replica), and the same holds. Any other record means that this process
            // has lost the slot.
            return Record is null || Record.Epoch < served ? SlotMove.Claim : SlotMove.Lost;
        }
        if (!IsPreferred) return SlotMove.Leave;
        if (Record is null) return HadLiveOwner ? SlotMove.Leave : SlotMove.Claim;
        return Record.Shard is null || !IsOwnerAlive ? SlotMove.Claim : SlotMove.Leave;
    }
}

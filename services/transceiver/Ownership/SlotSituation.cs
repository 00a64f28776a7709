using Dapr.Voice.Contracts;

namespace Dapr.Voice.Transceiver.Ownership;

/// <summary>All that the decision about one slot depends on.</summary>
/// <param name="Self">Us.</param>
/// <param name="Record">The slot's record as just read; null if there is none.</param>
/// <param name="ServedEpoch">The epoch under which our workers serve it; null if they do not.</param>
/// <param name="IsPreferred">By the rendezvous hash over the live transceivers it is for us.</param>
/// <param name="IsOwnerAlive">The process in the record is alive, or not yet known to be dead.</param>
/// <param name="HadLiveOwner">The record read before this one, if any, named a process that is alive. Tells a store that lost its data from
/// a region that starts.</param>
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
            // Without a record the store has lost its data, and who serves the slot writes it anew. With one at our own epoch or below,
            // the store went back in time (a replica): the same. Anything else fences us.
            return Record is null || Record.Epoch < served ? SlotMove.Claim : SlotMove.Lost;
        }
        if (!IsPreferred) return SlotMove.Leave;
        if (Record is null) return HadLiveOwner ? SlotMove.Leave : SlotMove.Claim;
        return Record.Shard is null || !IsOwnerAlive ? SlotMove.Claim : SlotMove.Leave;
    }
}

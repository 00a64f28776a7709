using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Transceiver.Ownership;

namespace Dapr.Voice.Transceiver.HandOver;

/// <summary>Hands a slot over by a compare-and-set of its own, beside the ownership loop. Any thread.</summary>
/// <param name="ownShard">Our shard.</param>
/// <param name="ownIncarnation">Our process.</param>
internal sealed class StoreSlotHandover(
    IStateStore store, FleetOptions fleet, SlotTable table, int ownShard, string ownIncarnation) : ISlotHandover
{
    public async Task<bool> HandOverAsync(int slot, int shard, string incarnation)
    {
        string key = StateKeys.Slot(fleet.Region, slot);
        StateReadResult<SlotRecord> read = await store.ReadAsync(
            ComponentNames.Sessions, key, ContractsJson.Default.SlotRecord).ConfigureAwait(false);
        if (read.Entry is not { Value: { } there } entry || there.Shard != ownShard || there.Incarnation != ownIncarnation) return false;
        StateWriteResult written = await store.TrySaveAsync(
            ComponentNames.Sessions, key, there with { Shard = shard, Incarnation = incarnation, Epoch = there.Epoch + 1 }, entry.ETag,
            ContractsJson.Default.SlotRecord).ConfigureAwait(false);
        if (written.IsWritten) table.Drop(slot);
        return written.IsWritten;
    }
}

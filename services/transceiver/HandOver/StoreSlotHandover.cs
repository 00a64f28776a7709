using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Transceiver.Ownership;

namespace Dapr.Voice.Transceiver.HandOver;

/// <summary>Hands a slot over by a compare-and-set of its own, beside the ownership loop. Any thread.</summary>
internal sealed class StoreSlotHandover(IStateStore store, FleetOptions fleet, SlotTable table, int shard, string incarnation) : ISlotHandover
{
    public async Task<bool> HandOverAsync(int slot, int shard1, string incarnation1)
    {
        string key = StateKeys.Slot(fleet.Region, slot);
        StateReadResult<SlotRecord> read = await store.ReadAsync(
            ComponentNames.Sessions, key, ContractsJson.Default.SlotRecord).ConfigureAwait(false);
        if (read.Entry is not { Value: { } there } entry || there.Shard != shard || there.Incarnation != incarnation) return false;
        StateWriteResult written = await store.TrySaveAsync(
            ComponentNames.Sessions, key, there with { Shard = shard1, Incarnation = incarnation1, Epoch = there.Epoch + 1 }, entry.ETag,
            ContractsJson.Default.SlotRecord).ConfigureAwait(false);
        if (written.IsWritten) table.Drop(slot);
        return written.IsWritten;
    }
}

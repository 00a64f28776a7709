namespace Dapr.Voice.Transceiver.HandOver;

/// <summary>Writes a slot's successor into its record.</summary>
internal interface ISlotHandover
{
    /// <summary>
    /// Writes the successor into the record of a slot of ours by compare-and-set, with the next epoch, and stops serving the slot. The
    /// caller has stopped its sessions before.
    /// </summary>
    /// <param name="incarnation">The successor's process, as in its record.</param>
    /// <returns>False if the record does not name the successor, as far as is known.</returns>
    Task<bool> HandOverAsync(int slot, int shard, string incarnation);
}

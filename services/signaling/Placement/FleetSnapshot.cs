using System.Collections.Frozen;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Signaling.Placement;

/// <summary>
/// The owners of a region as the state store showed them at one moment. Immutable, apart from the count of what was placed on it.
/// </summary>
internal sealed class FleetSnapshot
{
    private readonly FrozenDictionary<int, string> _ownerBySlot;

    /// <param name="transceivers">Records as read; expired ones are left out here.</param>
    /// <param name="slots">Records as read; a slot whose owner is gone, or another process than it was, has no owner.</param>
    public FleetSnapshot(IEnumerable<TransceiverRecord> transceivers, IEnumerable<SlotRecord> slots, DateTimeOffset takenAt,
        double maximumLatenessMilliseconds)
    {
        TakenAt = takenAt;
        Dictionary<(int, string), TransceiverRecord> live = [];
        foreach (TransceiverRecord record in transceivers)
        {
            if (record.LeaseUntil > takenAt) live[(record.Shard, record.Incarnation)] = record;
        }

        Dictionary<int, string> ownerBySlot = [];
        Dictionary<string, List<int>> slotsByOwner = [];
        foreach (SlotRecord slot in slots)
        {
            if (slot is not { Shard: { } shard, Incarnation: { } incarnation }
                || !live.TryGetValue((shard, incarnation), out TransceiverRecord? owner)) continue;
            ownerBySlot[slot.Slot] = owner.AppId;
            if (!slotsByOwner.TryGetValue(owner.AppId, out List<int>? owned)) slotsByOwner[owner.AppId] = owned = [];
            owned.Add(slot.Slot);
        }
        _ownerBySlot = ownerBySlot.ToFrozenDictionary();
        Owners = [.. live.Values.Where(record => slotsByOwner.ContainsKey(record.AppId))
            .Select(record => new OwnerLoad(record, [.. slotsByOwner[record.AppId]], maximumLatenessMilliseconds))];
    }

    public DateTimeOffset TakenAt { get; }

    /// <summary>Live owners of at least one slot.</summary>
    public IReadOnlyList<OwnerLoad> Owners { get; }

    /// <summary>App id of the live owner of a slot, or null.</summary>
    public string? OwnerOf(int slot) => _ownerBySlot.GetValueOrDefault(slot);
}

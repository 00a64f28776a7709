using System.Collections.Frozen;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Signaling.Placement;

/// <summary>
/// The owners of a region as the state store showed them at one moment. It is immutable, except for the count of sessions placed with it.
/// </summary>
internal sealed class FleetSnapshot
{
    private readonly FrozenDictionary<int, string> _ownerBySlot;

    /// <param name="transceivers">The records as read. The constructor leaves expired ones out.</param>
    /// <param name="slots">The records as read. A slot has no owner if its owner is gone or has been replaced by another process.</param>
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

    /// <summary>The live owners of at least one slot.</summary>
    public IReadOnlyList<OwnerLoad> Owners { get; }

    /// <summary>Returns the app id of a slot's live owner, or null.</summary>
    public string? OwnerOf(int slot) => _ownerBySlot.GetValueOrDefault(slot);
}

using System.Collections.Frozen;
using Dapr.Voice.Contracts;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Signaling.Placement;

/// <summary>
/// The owners of a region as the state store showed them at one moment. It is immutable, except for the count of sessions placed with it.
/// </summary>
internal sealed class FleetSnapshot
{
    private readonly FrozenDictionary<int, string> _ownerBySlot;

    /// <param name="live">The records of transceivers whose leases have not run out, and when they will.</param>
    /// <param name="slots">The records as read. A slot has no owner if its owner is gone or has been replaced by another process.</param>
    public FleetSnapshot(IEnumerable<(TransceiverRecord Record, Instant LeaseEnds)> live, IEnumerable<SlotRecord> slots, Instant takenAt,
        double maximumLatenessMilliseconds)
    {
        TakenAt = takenAt;
        Dictionary<(int, string), (TransceiverRecord Record, Instant LeaseEnds)> owners = [];
        foreach ((TransceiverRecord Record, Instant LeaseEnds) owner in live)
            owners[(owner.Record.Shard, owner.Record.Incarnation)] = owner;

        Dictionary<int, string> ownerBySlot = [];
        Dictionary<string, List<int>> slotsByOwner = [];
        foreach (SlotRecord slot in slots)
        {
            if (slot is not { Shard: { } shard, Incarnation: { } incarnation }
                || !owners.TryGetValue((shard, incarnation), out (TransceiverRecord Record, Instant) owner)) continue;
            string appId = owner.Record.AppId;
            ownerBySlot[slot.Slot] = appId;
            if (!slotsByOwner.TryGetValue(appId, out List<int>? owned)) slotsByOwner[appId] = owned = [];
            owned.Add(slot.Slot);
        }
        _ownerBySlot = ownerBySlot.ToFrozenDictionary();
        Owners = [.. owners.Values.Where(owner => slotsByOwner.ContainsKey(owner.Record.AppId)).Select(owner => new OwnerLoad(
            owner.Record, [.. slotsByOwner[owner.Record.AppId]], maximumLatenessMilliseconds) { LeaseEnds = owner.LeaseEnds })];
    }

    public Instant TakenAt { get; }

    /// <summary>The live owners of at least one slot.</summary>
    public IReadOnlyList<OwnerLoad> Owners { get; }

    /// <summary>Returns the app id of a slot's live owner, or null.</summary>
    public string? OwnerOf(int slot) => _ownerBySlot.GetValueOrDefault(slot);
}

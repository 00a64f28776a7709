namespace Dapr.Voice.Signaling.Placement;

internal enum PlacementOutcome
{
    Placed,
    /// <summary>There are owners, and none takes another session.</summary>
    NoRoom,
    /// <summary>No owner is up, or the state store could not be asked for too long.</summary>
    NoOwner,
}

/// <param name="Slot">Meaningful, like <paramref name="OwnerAppId"/>, only where <paramref name="Outcome"/> is
/// <see cref="PlacementOutcome.Placed"/>.</param>
internal readonly record struct SlotPlacement(PlacementOutcome Outcome, int Slot, string OwnerAppId);

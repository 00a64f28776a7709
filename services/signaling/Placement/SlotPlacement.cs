namespace Dapr.Voice.Signaling.Placement;

internal enum PlacementOutcome
{
    Placed,
    /// <summary>There are owners, and none of them takes another session.</summary>
    NoRoom,
    /// <summary>No owner is up, or the state store has not answered for too long.</summary>
    NoOwner,
}

/// <param name="Slot">Valid only if <paramref name="Outcome"/> is <see cref="PlacementOutcome.Placed"/>, like the parameters after
/// it.</param>
/// <param name="CertificateFingerprint">The fingerprint of the owner's certificate, in the form of SDP.</param>
internal readonly record struct SlotPlacement(PlacementOutcome Outcome, int Slot, string OwnerAppId, string CertificateFingerprint);

namespace Dapr.Voice.Steering;

/// <summary>
/// A unit of ownership: a hint names a slot, never an address, so that a takeover re-points it without the client (docs/steering.md).
/// </summary>
/// <param name="Region">Number of the region, not its name.</param>
/// <param name="Slot">0 to the fleet's slot count less one.</param>
public readonly record struct SlotId(byte Region, ushort Slot)
{
    public override string ToString() => $"{Region}.{Slot}";
}

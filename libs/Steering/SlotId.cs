namespace Dapr.Voice.Steering;

/// <summary>
/// A unit of ownership. A hint names a slot and never an address, so a takeover moves the session without telling the client
/// (docs/steering.md).
/// </summary>
/// <param name="Region">Number of the region, not its name.</param>
/// <param name="Slot">0 to the region's slot count minus one.</param>
public readonly record struct SlotId(byte Region, ushort Slot)
{
    public override string ToString() => $"{Region}.{Slot}";
}

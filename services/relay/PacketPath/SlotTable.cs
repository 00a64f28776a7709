namespace Dapr.Voice.Relay.PacketPath;

/// <summary>Slot to link, for the slots of our region.</summary>
internal sealed class SlotTable(byte region, int slotCount)
{
    private readonly int[] _links = [.. Enumerable.Repeat(-1, slotCount)];

    public byte Region { get; } = region;
    public int Count => _links.Length;

    /// <summary>The link behind which the slot's owner is, or -1.</summary>
    public int this[int slot]
    {
        get => (uint)slot < (uint)_links.Length ? _links[slot] : -1;
        set => _links[slot] = value;
    }
}

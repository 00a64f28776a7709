namespace Dapr.Voice.Relay.PacketPath;

/// <summary>The link of each slot of this region.</summary>
internal sealed class SlotTable(byte region, int slotCount)
{
    private readonly int[] _links = [.. Enumerable.Repeat(-1, slotCount)];

    public byte Region { get; } = region;
    public int Count => _links.Length;

    /// <summary>The link that leads to the slot's owner, or -1.</summary>
    public int this[int slot]
    {
        get => (uint)slot < (uint)_links.Length ? _links[slot] : -1;
        set => _links[slot] = value;
    }
}

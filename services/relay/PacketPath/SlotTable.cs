using Dapr.Voice.Steering;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>
/// The link of each slot of this region, and the highest epoch that was ever announced for it. That epoch outlives its link, so that a
/// transceiver which lost a slot without noticing is not heard by the clients.
/// </summary>
internal sealed class SlotTable
{
    private readonly int[] _links;
    private readonly long[] _epochs;
    private readonly ulong[] _holders;
    private readonly Instant[] _lostAt;

    public SlotTable(byte region, int slotCount)
    {
        Region = region;
        _links = new int[slotCount];
        _epochs = new long[slotCount];
        _holders = new ulong[slotCount];
        _lostAt = new Instant[slotCount];
        Array.Fill(_links, -1);
        Array.Fill(_epochs, -1);
        Array.Fill(_lostAt, Instant.Never);
    }

    public byte Region { get; }
    public int Count => _links.Length;

    /// <summary>The highest epoch of each slot, or -1 if none was announced.</summary>
    public ReadOnlyMemory<long> Epochs => _epochs;

    /// <summary>The link that leads to the slot's owner, or -1.</summary>
    public int this[int slot] => (uint)slot < (uint)_links.Length ? _links[slot] : -1;

    /// <summary>Sets the link of a slot.</summary>
    /// <param name="link">-1 if no link announces the slot.</param>
    public void Set(int slot, int link, Instant now)
    {
        if (link >= 0) _lostAt[slot] = Instant.Never;
        else if (_links[slot] >= 0) _lostAt[slot] = now;
        _links[slot] = link;
    }

    /// <summary>Notes an announcement. Returns true if its epoch is higher than any before.</summary>
    /// <param name="holder">The incarnation of the transceiver that announces it.</param>
    public bool Note(int slot, long epoch, ulong holder)
    {
        if (epoch <= _epochs[slot]) return false;
        _epochs[slot] = epoch;
        _holders[slot] = holder;
        return true;
    }

    /// <summary>
    /// True if another transceiver has announced the slot with a higher epoch than the one whose frame this is. Its frames must not reach a
    /// client. False for a slot that is not known.
    /// </summary>
    public bool IsStale(int slot, in SlotClaims sender)
        => (uint)slot < (uint)_holders.Length && _holders[slot] != sender.Incarnation && sender.EpochOf(slot) < _epochs[slot];

    /// <summary>When the slot lost its owner. Null if it has one or never had one.</summary>
    public Instant? LostAt(int slot)
        => (uint)slot < (uint)_lostAt.Length && _lostAt[slot] != Instant.Never ? _lostAt[slot] : null;
}

namespace Dapr.Voice.Sctp;

/// <summary>
/// The next sequence number of each stream in each direction. A stream that is not in the table has the number zero in both directions.
/// </summary>
internal sealed class StreamTable
{
    // Four times the maximum number of data channels, because some are being reset while others open.
    public const int MaximumStreams = 64;

    private readonly List<Entry> _entries = [];

    public int Count => _entries.Count;

    /// <summary>Returns false if the stream is new and the table is full.</summary>
    public bool CanUse(ushort streamId) => IndexOf(streamId) >= 0 || _entries.Count < MaximumStreams;

    public ushort NextInbound(ushort streamId) => IndexOf(streamId) is >= 0 and var i ? _entries[i].Inbound : (ushort)0;
    public ushort NextOutbound(ushort streamId) => IndexOf(streamId) is >= 0 and var i ? _entries[i].Outbound : (ushort)0;

    public void SetInbound(ushort streamId, ushort next) => Set(streamId, next, NextOutbound(streamId));
    public void SetOutbound(ushort streamId, ushort next) => Set(streamId, NextInbound(streamId), next);

    public void Clear() => _entries.Clear();

    /// <summary>Returns the streams that are in use.</summary>
    public ushort[] Ids() => [.. _entries.Select(entry => entry.Id)];

    public SctpAssociationState.StreamState[] Export()
        => [.. _entries.Select(e => new SctpAssociationState.StreamState {
        Id = e.Id, NextInbound = e.Inbound, NextOutbound = e.Outbound })];

    private void Set(ushort streamId, ushort inbound, ushort outbound)
    {
        int index = IndexOf(streamId);
        if (index >= 0) _entries[index] = new Entry(streamId, inbound, outbound);
        else if ((inbound | outbound) != 0 && _entries.Count < MaximumStreams) _entries.Add(new Entry(streamId, inbound, outbound));
    }

    /// <summary>After a reset: removes a stream whose numbers are zero in both directions.</summary>
    public void Forget(ushort streamId)
    {
        int index = IndexOf(streamId);
        if (index >= 0 && (_entries[index].Inbound | _entries[index].Outbound) == 0) _entries.RemoveAt(index);
    }

    private int IndexOf(ushort streamId)
    {
        for (int i = 0; i < _entries.Count; i++)
            if (_entries[i].Id == streamId) return i;
        return -1;
    }

    private readonly record struct Entry(ushort Id, ushort Inbound, ushort Outbound);
}

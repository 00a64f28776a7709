namespace Dapr.Voice.Srtp;

/// <summary>
/// The replay list of each SSRC under one key. The table is small, so that a peer that invents SSRCs can't make it grow.
/// </summary>
internal sealed class SourceTable
{
    /// <summary>
    /// Enough for audio, RTX, and what a renegotiation or a restart of the sender may add. A call has one or two.
    /// </summary>
    public const int Capacity = 8;

    private readonly uint[] _ssrcs = new uint[Capacity];
    private readonly ReplayList[] _lists = new ReplayList[Capacity];
    private int _count;

    public bool IsFull => _count == Capacity;

    public int Find(uint ssrc) => _ssrcs.AsSpan(0, _count).IndexOf(ssrc);

    /// <summary>The highest index of an SSRC. -1 before its first packet.</summary>
    public long HighestIndex(uint ssrc) => Find(ssrc) is >= 0 and var slot ? _lists[slot].Highest : -1;

    public ref ReplayList this[int slot] => ref _lists[slot];

    /// <returns>The index of the new entry.</returns>
    public int Add(uint ssrc, ReplayList list)
    {
        if (IsFull) throw new InvalidOperationException($"A context holds at most {Capacity} SSRCs.");
        _ssrcs[_count] = ssrc;
        _lists[_count] = list;
        return _count++;
    }

    public SrtpSourceState[] Export()
    {
        var sources = new SrtpSourceState[_count];
        for (int i = 0; i < _count; i++)
            sources[i] = new SrtpSourceState(_ssrcs[i], _lists[i].Highest, _lists[i].SeenHigh, _lists[i].SeenLow, _lists[i].IsStale);
        return sources;
    }

    public static SourceTable Import(ReadOnlySpan<SrtpSourceState> sources)
    {
        var table = new SourceTable();
        foreach (SrtpSourceState source in sources)
            table.Add(source.Ssrc, new ReplayList(source.HighestIndex, source.SeenHigh, source.SeenLow, source.IsStale));
        return table;
    }
}

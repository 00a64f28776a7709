namespace Dapr.Voice.Srtp;

/// <summary>
/// The highest index, and which of the last 128 indices have been seen (RFC 3711, section 3.3.2 requires at least 64).
/// </summary>
internal struct ReplayList
{
    public const int Width = 128;

    private UInt128 _seen;

    /// <summary>The highest index that was accepted. -1 before the first.</summary>
    public long Highest { get; private set; } = -1;

    /// <summary>
    /// True if the sender may be any number of packets ahead of <see cref="Highest"/>. The next accepted packet ends that.
    /// </summary>
    public bool IsStale { get; private set; }

    public ReplayList() { }

    public ReplayList(long highest, ulong seenHigh, ulong seenLow, bool isStale = false)
    {
        Highest = highest;
        _seen = new UInt128(seenHigh, seenLow);
        IsStale = isStale;
    }

    /// <summary>The indices 64 to 127 below the highest. Bit n stands for the index 64 + n below.</summary>
    public readonly ulong SeenHigh => (ulong)(_seen >> 64);

    /// <summary>The indices 0 to 63 below the highest. Bit n stands for the index n below.</summary>
    public readonly ulong SeenLow => (ulong)_seen;

    public readonly SrtpError Check(long index)
    {
        if (index > Highest) return SrtpError.None;
        long behind = Highest - index;
        if (behind >= Width) return SrtpError.TooOld;
        return (_seen & UInt128.One << (int)behind) != 0 ? SrtpError.Replayed : SrtpError.None;
    }

    /// <summary>
    /// Adds an index. Call it only after <see cref="Check"/> accepted the index and the packet was authenticated.
    /// </summary>
    public void Add(long index)
    {
        IsStale = false;
        if (index > Highest)
        {
            long ahead = index - Highest;
            _seen = Highest < 0 || ahead >= Width ? UInt128.One : _seen << (int)ahead | 1;
            Highest = index;
        }
        else
        {
            _seen |= UInt128.One << (int)(Highest - index);
        }
    }
}

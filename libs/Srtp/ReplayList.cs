namespace Dapr.Voice.Srtp;

/// <summary>Which of the last 128 indices have been seen (RFC 3711, section 3.3.2, asks for at least 64), and the highest.</summary>
internal struct ReplayList
{
    public const int Width = 128;

    private UInt128 _seen;

    /// <summary>The highest index accepted; -1 before the first.</summary>
    public long Highest { get; private set; } = -1;

    public ReplayList() { }

    public ReplayList(long highest, ulong seenHigh, ulong seenLow)
    {
        Highest = highest;
        _seen = new UInt128(seenHigh, seenLow);
    }

    /// <summary>Bits 64 to 127 back from the highest index.</summary>
    public readonly ulong SeenHigh => (ulong)(_seen >> 64);

    /// <summary>Bit n: the index n below the highest has been seen.</summary>
    public readonly ulong SeenLow => (ulong)_seen;

    public readonly SrtpError Check(long index)
    {
        if (index > Highest) return SrtpError.None;
        long behind = Highest - index;
        if (behind >= Width) return SrtpError.TooOld;
        return (_seen & UInt128.One << (int)behind) != 0 ? SrtpError.Replayed : SrtpError.None;
    }

    /// <summary>Only for an index that <see cref="Check"/> let pass and whose packet is authentic.</summary>
    public void Add(long index)
    {
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

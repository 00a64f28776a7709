namespace Dapr.Voice.Tests.Simulation.World;

/// <summary>A small generator (xorshift64*), the same on every machine and in every version of .NET.</summary>
internal struct SimRandom
{
    private ulong _state;

    public SimRandom(ulong seed)
    {
        // Neighbouring seeds must not give similar schedules (SplitMix64).
        ulong x = seed + 0x9E37_79B9_7F4A_7C15;
        x = (x ^ (x >> 30)) * 0xBF58_476D_1CE4_E5B9;
        x = (x ^ (x >> 27)) * 0x94D0_49BB_1331_11EB;
        _state = (x ^ (x >> 31)) | 1;
    }

    public ulong Next()
    {
        _state ^= _state >> 12;
        _state ^= _state << 25;
        _state ^= _state >> 27;
        return _state * 0x2545_F491_4F6C_DD1D;
    }

    /// <summary>0 to <paramref name="limit"/> - 1.</summary>
    public int Below(int limit) => (int)((Next() >> 33) % (uint)limit);

    public int Between(int from, int to) => from + Below(to - from + 1);

    public bool Percent(int chance) => Below(100) < chance;

    /// <summary>A time in ticks.</summary>
    public long Milliseconds(int from, int to) => Between(from * 10, to * 10) * (TimeSpan.TicksPerMillisecond / 10);
}

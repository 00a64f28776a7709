namespace Dapr.Voice.Steering;

/// <summary>
/// Highest-random-weight hashing. Every node that knows the same live transceivers computes the same owner for a slot. When one transceiver
/// leaves, only its own slots move. The weight depends on the shard number and not on the process, so a restarted shard keeps its slots.
/// </summary>
public static class RendezvousHash
{
    /// <summary>The shard that should own the slot.</summary>
    /// <param name="region">The region's number. The same slot number has another owner in another region.</param>
    /// <param name="liveShards">The shards that may own slots, in any order.</param>
    /// <returns>Null if there is no shard.</returns>
    public static int? Choose(byte region, ushort slot, ReadOnlySpan<int> liveShards)
    {
        int? best = null;
        ulong bestWeight = 0;
        foreach (int shard in liveShards)
        {
            ulong weight = Weight(region, slot, shard);
            // Equal weights occur once in 2^64. The lower shard then wins, so that the order of the input never matters.
            if (best is { } current && (weight < bestWeight || (weight == bestWeight && shard > current))) continue;
            best = shard;
            bestWeight = weight;
        }
        return best;
    }

    public static ulong Weight(byte region, ushort slot, int shard)
        => Mix(Mix(((ulong)region << 16 | slot) + 0x9E37_79B9_7F4A_7C15) ^ Mix((uint)shard + 0xD1B5_4A32_D192_ED03));

    /// <summary>A finalizer with full avalanche (the constants are those of SplitMix64).</summary>
    private static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58_476D_1CE4_E5B9;
        x = (x ^ (x >> 27)) * 0x94D0_49BB_1331_11EB;
        return x ^ (x >> 31);
    }
}

namespace Dapr.Voice.Steering;

/// <summary>
/// Highest random weight: every node that knows the same live transceivers expects the same one behind a slot, and when one goes
/// only its own slots move. The weight depends on the shard number, not on the process, so a restart keeps its slots.
/// </summary>
public static class RendezvousHash
{
    /// <summary>The shard that should own the slot.</summary>
    /// <param name="region">Region number: the same slot number lies elsewhere in another region.</param>
    /// <param name="liveShards">Shards that may own slots, in any order.</param>
    /// <returns>Null when there is no shard at all.</returns>
    public static int? Choose(byte region, ushort slot, ReadOnlySpan<int> liveShards)
    {
        int? best = null;
        ulong bestWeight = 0;
        foreach (int shard in liveShards)
        {
            ulong weight = Weight(region, slot, shard);
            // Equal weights are a matter of one in 2^64; the lower shard wins so that order never does.
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

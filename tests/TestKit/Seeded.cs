using System.Buffers.Binary;
using Dapr.Voice.TestKit.Network;
using Dapr.Voice.Wire;

namespace Dapr.Voice.TestKit;

/// <summary>Randomness for simulations. A seed gives the same bytes in each run.</summary>
public static class Seeded
{
    /// <summary>Returns a generator of its own. Two generators with one seed give the same bytes. Use each from one thread.</summary>
    public static RandomFill Random(ulong seed)
    {
        var random = new SeededRandom(seed);
        return destination =>
        {
            Span<byte> next = stackalloc byte[sizeof(ulong)];
            for (; destination.Length > 0; destination = destination[Math.Min(next.Length, destination.Length)..])
            {
                BinaryPrimitives.WriteUInt64LittleEndian(next, random.Next());
                next[..Math.Min(next.Length, destination.Length)].CopyTo(destination);
            }
        };
    }
}

namespace Dapr.Voice.Sctp;

/// <summary>
/// Buffers for received chunks, kept by one association in four sizes and used again. It never holds more than was in use at once.
/// </summary>
internal sealed class BlockPool
{
    // Short events; longer ones; a fragment as peers cut them (up to about 1,200 bytes); whatever else a DTLS record can carry.
    private static readonly int[] s_sizes = [64, 256, 640, 1536, 16 * 1024];

    private readonly Stack<byte[]>?[] _free = new Stack<byte[]>?[s_sizes.Length];

    /// <summary>The size of the block for a chunk; -1 if there is none so large.</summary>
    public static int SizeFor(int bytes)
    {
        foreach (int size in s_sizes)
            if (bytes <= size) return size;
        return -1;
    }

    public byte[] Take(int bytes)
    {
        int size = SizeFor(bytes);
        return _free[Array.IndexOf(s_sizes, size)] is { Count: > 0 } free ? free.Pop() : new byte[size];
    }

    public void Return(byte[] block) => (_free[Array.IndexOf(s_sizes, block.Length)] ??= new Stack<byte[]>()).Push(block);

    public void Trim() => Array.Clear(_free);
}

namespace Dapr.Voice.Sctp;

/// <summary>
/// Buffers of a few sizes for received chunks. One association keeps and reuses them. The pool never has more buffers than were in use at
/// the same time.
/// </summary>
internal sealed class BlockPool
{
    // Short events, longer events, fragments (peers cut messages at about 640 or 1,200 bytes), and everything else that fits into a DTLS
    // record.
    private static readonly int[] s_sizes = [64, 256, 640, 1536, 16 * 1024];

    private readonly Stack<byte[]>?[] _free = new Stack<byte[]>?[s_sizes.Length];

    /// <summary>Returns the size of the block for a chunk, or -1 if the chunk is larger than every block.</summary>
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

namespace Dapr.Voice.Dtls;

/// <summary>Whole datagrams or records, first in first out, bounded. Buffers are kept and used again, so a steady flow allocates nothing.</summary>
internal sealed class DatagramQueue(int capacity, int datagramBytes)
{
    private readonly Queue<(byte[] Bytes, int Length)> _waiting = new(4);
    private readonly Stack<byte[]> _free = new(4);

    /// <summary>What found the queue full or was too long.</summary>
    public long Dropped { get; private set; }

    public bool TryEnqueue(ReadOnlySpan<byte> datagram)
    {
        if (_waiting.Count >= capacity || datagram.Length > datagramBytes)
        {
            Dropped++;
            return false;
        }
        byte[] bytes = _free.Count > 0 ? _free.Pop() : new byte[datagramBytes];
        datagram.CopyTo(bytes);
        _waiting.Enqueue((bytes, datagram.Length));
        return true;
    }

    /// <summary>One that does not fit into <paramref name="buffer"/> is dropped.</summary>
    public bool TryDequeue(Span<byte> buffer, out int length)
    {
        while (_waiting.TryDequeue(out var next))
        {
            _free.Push(next.Bytes);
            length = next.Length;
            if (length > buffer.Length)
            {
                Dropped++;
                continue;
            }
            next.Bytes.AsSpan(0, length).CopyTo(buffer);
            return true;
        }
        length = 0;
        return false;
    }
}

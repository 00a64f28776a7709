using System.Buffers;

namespace Dapr.Voice.Dtls;

/// <summary>
/// A bounded first-in, first-out queue of whole datagrams or records. Buffers are rented while they are in use. A steady flow does not
/// allocate, and an idle connection holds no buffer.
/// </summary>
internal sealed class DatagramQueue(int capacity, int datagramBytes)
{
    private readonly Queue<(byte[] Bytes, int Length)> _waiting = new(4);

    /// <summary>The number of datagrams that were dropped because the queue was full or the datagram was too long.</summary>
    public long Dropped { get; private set; }

    public bool IsFull => _waiting.Count >= capacity;

    public bool TryEnqueue(ReadOnlySpan<byte> datagram)
    {
        if (IsFull || datagram.Length > datagramBytes)
        {
            Dropped++;
            return false;
        }
        byte[] bytes = ArrayPool<byte>.Shared.Rent(datagram.Length);
        datagram.CopyTo(bytes);
        _waiting.Enqueue((bytes, datagram.Length));
        return true;
    }

    /// <summary>The length of the oldest datagram, and of those after it that fit into <paramref name="maximum"/> bytes with it.</summary>
    public int PackedLength(int maximum)
    {
        int length = 0;
        foreach ((byte[] _, int next) in _waiting)
        {
            if (length > 0 && length + next > maximum) break;
            length += next;
        }
        return length;
    }

    /// <summary>Takes what <see cref="PackedLength"/> counts, as one datagram.</summary>
    public bool TryDequeuePacked(Span<byte> buffer, int maximum, out int length)
    {
        if (!TryDequeue(buffer, out length)) return false;
        while (_waiting.TryPeek(out (byte[] Bytes, int Length) next) && length + next.Length <= maximum
            && TryDequeue(buffer[length..], out int added)) length += added;
        return true;
    }

    /// <summary>Takes the oldest datagram. If it does not fit into <paramref name="buffer"/>, it is dropped.</summary>
    public bool TryDequeue(Span<byte> buffer, out int length)
    {
        while (_waiting.TryDequeue(out (byte[] Bytes, int Length) next))
        {
            length = next.Length;
            bool fits = length <= buffer.Length;
            if (fits) next.Bytes.AsSpan(0, length).CopyTo(buffer);
            else Dropped++;
            ArrayPool<byte>.Shared.Return(next.Bytes);
            if (fits) return true;
        }
        length = 0;
        return false;
    }

    public void Clear()
    {
        while (_waiting.TryDequeue(out (byte[] Bytes, int Length) next)) ArrayPool<byte>.Shared.Return(next.Bytes);
    }
}

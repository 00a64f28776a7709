namespace Dapr.Voice.WebRtc;

/// <summary>A few finished packets that wait to be sent. All memory is allocated at the start. A full ring accepts no packet.</summary>
internal sealed class PacketRing(int capacity, int packetBytes)
{
    private readonly byte[] _bytes = new byte[capacity * packetBytes];
    private readonly int[] _lengths = new int[capacity];
    private int _head;

    public int Count { get; private set; }

    /// <summary>Returns the bytes of the next free packet, or an empty span if the ring is full. <see cref="Commit"/> keeps it.</summary>
    public Span<byte> Reserve() => Count == capacity ? [] : _bytes.AsSpan((_head + Count) % capacity * packetBytes, packetBytes);

    public void Commit(int length)
    {
        _lengths[(_head + Count) % capacity] = length;
        Count++;
    }

    public bool TryTake(Span<byte> destination, out int length)
    {
        length = 0;
        if (Count == 0) return false;
        length = _lengths[_head];
        _bytes.AsSpan(_head * packetBytes, length).CopyTo(destination);
        _head = (_head + 1) % capacity;
        Count--;
        return true;
    }
}

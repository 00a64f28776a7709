using Dapr.Voice.Wire;

namespace Dapr.Voice.Sctp;

/// <summary>
/// Messages cut into chunks, from the call of Send to the cumulative acknowledgement. There is a ring of chunks and a ring of bytes. They
/// grow to the size that is needed and do not allocate after that. The queue is first in, first out over all streams, so a chunk's TSN is
/// known when it is queued.
/// </summary>
internal sealed class OutboundQueue(int maximumBytes, uint firstTsn)
{
    // Limits the ring of chunks if messages are tiny. 2,048 descriptors are about 100 KiB.
    public const int MaximumChunks = 2048;

    private const int FirstChunkCapacity = 16;
    private const int FirstByteCapacity = 2048;

    private OutboundChunk[] _chunks = new OutboundChunk[FirstChunkCapacity];
    private byte[] _bytes = [];
    private int _head;
    private long _bytesEnd;

    public int Count { get; private set; }

    /// <summary>Bytes of user data in the queue.</summary>
    public int Bytes { get; private set; }

    /// <summary>The TSN of the first chunk in the queue. If the queue is empty, the TSN of the next chunk.</summary>
    public uint HeadTsn { get; private set; } = firstTsn;

    /// <summary>The index of the first chunk that was neither sent nor abandoned. All chunks after it are in the same state.</summary>
    public int FirstUnsent { get; private set; }

    public int LostCount { get; private set; }

    /// <summary>Bytes of user data that were sent and are neither acknowledged nor considered lost.</summary>
    public int BytesInFlight { get; private set; }

    public ref OutboundChunk this[int index] => ref _chunks[(_head + index) & (_chunks.Length - 1)];

    public uint TsnAt(int index) => HeadTsn + (uint)index;

    public static int ChunksFor(int messageBytes)
        => (messageBytes + SctpOptions.MaximumChunkPayloadBytes - 1) / SctpOptions.MaximumChunkPayloadBytes;

    public bool HasRoomFor(int messageBytes) => Bytes + messageBytes <= maximumBytes && Count + ChunksFor(messageBytes) <= MaximumChunks;

    /// <summary>Adds a message. Call it only if <see cref="HasRoomFor"/> returned true.</summary>
    public void Enqueue(ReadOnlySpan<byte> message, in OutboundChunk template)
    {
        for (int offset = 0; offset < message.Length;)
        {
            int length = Math.Min(SctpOptions.MaximumChunkPayloadBytes, message.Length - offset);
            OutboundChunk chunk = template;
            chunk.Flags |= offset == 0 ? DataFlags.Beginning : DataFlags.None;
            offset += length;
            chunk.Flags |= offset == message.Length ? DataFlags.End : DataFlags.None;
            Append(chunk, message[(offset - length)..offset]);
        }
    }

    public void CopyPayload(in OutboundChunk chunk, Span<byte> destination)
    {
        int start = (int)(chunk.Position & (_bytes.Length - 1));
        int first = Math.Min(chunk.Length, _bytes.Length - start);
        _bytes.AsSpan(start, first).CopyTo(destination);
        _bytes.AsSpan(0, chunk.Length - first).CopyTo(destination[first..]);
    }

    public void MarkSent(int index)
    {
        ref OutboundChunk chunk = ref this[index];
        if (chunk.State == OutboundChunkState.Lost) LostCount--;
        chunk.State = OutboundChunkState.InFlight;
        chunk.Misses = 0;
        if (chunk.Transmissions < ushort.MaxValue) chunk.Transmissions++;
        BytesInFlight += chunk.Length;
        if (index >= FirstUnsent) FirstUnsent = index + 1;
    }

    /// <returns>True if the chunk was not acknowledged before.</returns>
    public bool MarkAcknowledged(int index)
    {
        ref OutboundChunk chunk = ref this[index];
        if (chunk.State is not (OutboundChunkState.InFlight or OutboundChunkState.Lost)) return false;
        LeaveState(chunk);
        chunk.State = OutboundChunkState.Acknowledged;
        return true;
    }

    /// <summary>The peer has dropped a chunk that it had reported (RFC 9260, section 6.2).</summary>
    public void MarkReneged(int index)
    {
        ref OutboundChunk chunk = ref this[index];
        if (chunk.State != OutboundChunkState.Acknowledged) return;
        chunk.State = OutboundChunkState.InFlight;
        BytesInFlight += chunk.Length;
    }

    public void MarkLost(int index)
    {
        ref OutboundChunk chunk = ref this[index];
        if (chunk.State != OutboundChunkState.InFlight) return;
        BytesInFlight -= chunk.Length;
        chunk.State = OutboundChunkState.Lost;
        LostCount++;
    }

    /// <summary>Abandons the whole message of the chunk. Its TSNs stay used.</summary>
    public void Abandon(int index)
    {
        int first = index, last = index;
        while (first > 0 && (this[first].Flags & DataFlags.Beginning) == DataFlags.None) first--;
        while (last < Count - 1 && (this[last].Flags & DataFlags.End) == DataFlags.None) last++;
        for (int i = first; i <= last; i++)
        {
            ref OutboundChunk chunk = ref this[i];
            LeaveState(chunk);
            chunk.State = OutboundChunkState.Abandoned;
        }
        if (last >= FirstUnsent) FirstUnsent = last + 1;
    }

    /// <summary>Returns the number of abandoned chunks at the head, which FORWARD-TSN may skip.</summary>
    public int LeadingAbandoned()
    {
        int count = 0;
        while (count < FirstUnsent && this[count].State == OutboundChunkState.Abandoned) count++;
        return count;
    }

    /// <summary>Removes the first chunk after the cumulative acknowledgement has passed it.</summary>
    /// <returns>The bytes of its user data that had not been acknowledged before.</returns>
    public int RemoveHead()
    {
        ref OutboundChunk chunk = ref this[0];
        int news = chunk.State is OutboundChunkState.InFlight or OutboundChunkState.Lost ? chunk.Length : 0;
        LeaveState(chunk);
        Bytes -= chunk.Length;
        _head = (_head + 1) & (_chunks.Length - 1);
        Count--;
        HeadTsn++;
        if (FirstUnsent > 0) FirstUnsent--;
        return news;
    }

    public bool HasStream(ushort streamId)
    {
        for (int i = 0; i < Count; i++)
            if (this[i].StreamId == streamId) return true;
        return false;
    }

    public void Restart(uint firstTsn)
    {
        Count = Bytes = FirstUnsent = LostCount = BytesInFlight = 0;
        HeadTsn = firstTsn;
    }

    /// <summary>Numbers everything again, as never sent, for an association that starts again.</summary>
    public void Renumber(uint firstTsn, StreamTable streams)
    {
        HeadTsn = firstTsn;
        FirstUnsent = LostCount = BytesInFlight = 0;
        for (int i = 0; i < Count; i++)
        {
            ref OutboundChunk chunk = ref this[i];
            chunk.State = OutboundChunkState.Unsent;
            chunk.Transmissions = 0;
            chunk.WasFastRetransmitted = false;
            if ((chunk.Flags & DataFlags.Unordered) != DataFlags.None) continue;
            ushort next = streams.NextOutbound(chunk.StreamId);
            if ((chunk.Flags & DataFlags.Beginning) != DataFlags.None) streams.SetOutbound(chunk.StreamId, (ushort)(next + 1));
            else next--;
            chunk.StreamSequence = next;
        }
    }

    /// <summary>Releases the memory that a burst of large messages needed. It does so only if the queue is empty.</summary>
    public void Trim()
    {
        if (Count != 0) return;
        if (_chunks.Length > FirstChunkCapacity) _chunks = new OutboundChunk[FirstChunkCapacity];
        if (_bytes.Length > 0) _bytes = [];
        _head = 0;
    }

    /// <summary>Restores a chunk of an exported association, with the state in <paramref name="chunk"/>.</summary>
    public void Restore(in OutboundChunk chunk, ReadOnlySpan<byte> payload)
    {
        Append(chunk, payload);
        if (chunk.State == OutboundChunkState.InFlight) BytesInFlight += chunk.Length;
        if (chunk.State == OutboundChunkState.Lost) LostCount++;
        if (chunk.State != OutboundChunkState.Unsent) FirstUnsent = Count;
    }

    private void Append(in OutboundChunk chunk, ReadOnlySpan<byte> payload)
    {
        Reserve(payload.Length);
        ref OutboundChunk place = ref this[Count++];
        place = chunk;
        place.Position = _bytesEnd;
        place.Length = (ushort)payload.Length;
        int start = (int)(_bytesEnd & (_bytes.Length - 1));
        int first = Math.Min(payload.Length, _bytes.Length - start);
        payload[..first].CopyTo(_bytes.AsSpan(start));
        payload[first..].CopyTo(_bytes);
        _bytesEnd += payload.Length;
        Bytes += payload.Length;
    }

    private void LeaveState(in OutboundChunk chunk)
    {
        if (chunk.State == OutboundChunkState.InFlight) BytesInFlight -= chunk.Length;
        if (chunk.State == OutboundChunkState.Lost) LostCount--;
    }

    private void Reserve(int payloadBytes)
    {
        if (Count == _chunks.Length)
        {
            var larger = new OutboundChunk[_chunks.Length * 2];
            for (int i = 0; i < Count; i++) larger[i] = this[i];
            (_chunks, _head) = (larger, 0);
        }
        if (Bytes + payloadBytes <= _bytes.Length) return;
        int capacity = Math.Max(_bytes.Length, FirstByteCapacity);
        while (capacity < Bytes + payloadBytes) capacity *= 2;
        byte[] bytes = new byte[capacity];
        // A chunk keeps its position. Only the place where the ring wraps changes.
        for (int i = 0; i < Count; i++)
        {
            ref OutboundChunk chunk = ref this[i];
            for (int offset = 0; offset < chunk.Length;)
            {
                int from = (int)((chunk.Position + offset) & (_bytes.Length - 1)), to = (int)((chunk.Position + offset) & (capacity - 1));
                int length = Math.Min(chunk.Length - offset, Math.Min(_bytes.Length - from, capacity - to));
                _bytes.AsSpan(from, length).CopyTo(bytes.AsSpan(to));
                offset += length;
            }
        }
        _bytes = bytes;
    }
}

using Dapr.Voice.Wire;

namespace Dapr.Voice.Sctp;

internal enum OutboundChunkState : byte
{
    /// <summary>The chunk was never sent.</summary>
    Unsent,
    InFlight,
    /// <summary>
    /// A Gap Ack Block reported the chunk. The peer may still withdraw that until the cumulative TSN passes the chunk.
    /// </summary>
    Acknowledged,
    /// <summary>The chunk is considered lost and must be sent again.</summary>
    Lost,
    /// <summary>The chunk was abandoned together with its message (RFC 3758).</summary>
    Abandoned,
}

/// <summary>One DATA chunk in the send queue. Its position in the queue gives its TSN.</summary>
internal struct OutboundChunk
{
    /// <summary>The start of its bytes in the queue's byte ring, counted from the start of the association.</summary>
    public long Position;
    public ushort Length;
    public ushort StreamId;
    public ushort StreamSequence;
    public uint PayloadProtocolId;
    public DataFlags Flags;
    public OutboundChunkState State;
    public bool WasFastRetransmitted;
    /// <summary>How often the chunk was reported missing (RFC 9260, section 7.2.4).</summary>
    public byte Misses;
    public ushort Transmissions;
    /// <summary>Negative if the number of retransmissions is not limited.</summary>
    public int MaximumRetransmits;
    /// <summary><see cref="Instant.Never"/> if the age is not limited.</summary>
    public Instant Expiry;
}

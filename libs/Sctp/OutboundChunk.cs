using Dapr.Voice.Wire;

namespace Dapr.Voice.Sctp;

internal enum OutboundChunkState : byte
{
    /// <summary>Never sent.</summary>
    Unsent,
    InFlight,
    /// <summary>Reported by a Gap Ack Block; may be withdrawn by the peer until the cumulative TSN passes it.</summary>
    Acknowledged,
    /// <summary>Taken for lost, to be sent again.</summary>
    Lost,
    /// <summary>Given up with its whole message (RFC 3758).</summary>
    Abandoned,
}

/// <summary>One DATA chunk in the send queue. Its TSN is its place in the queue.</summary>
internal struct OutboundChunk
{
    /// <summary>Where its bytes begin in the queue's byte ring, counted since the association began.</summary>
    public long Position;
    public ushort Length;
    public ushort StreamId;
    public ushort StreamSequence;
    public uint PayloadProtocolId;
    public DataFlags Flags;
    public OutboundChunkState State;
    public bool WasFastRetransmitted;
    /// <summary>Reports of it missing (RFC 9260, section 7.2.4).</summary>
    public byte Misses;
    public ushort Transmissions;
    /// <summary>Negative: never given up.</summary>
    public int MaximumRetransmits;
    /// <summary><see cref="Instant.Never"/>: never given up for its age.</summary>
    public Instant Expiry;
}

using System.Diagnostics.CodeAnalysis;

namespace Dapr.Voice.Sctp;

/// <summary>
/// An association as plain data, from which another process can continue it. Times are durations since the export, because clocks differ
/// between processes. The options are not part of it: the importing process supplies its own. It contains whole messages, so encrypt it
/// wherever it is stored.
/// </summary>
[SuppressMessage("Performance", "CA1819", Justification = "Data to be serialised.")]
public sealed class SctpAssociationState
{
    public SctpPhase Phase { get; set; }
    public SctpCloseReason CloseReason { get; set; }
    public ulong RandomState { get; set; }
    public uint LocalTag { get; set; }
    public uint PeerTag { get; set; }
    public uint LocalInitialTsn { get; set; }
    public uint PeerWindow { get; set; }
    public ushort PeerInboundStreams { get; set; }
    public bool PeerForwardsTsn { get; set; }
    public bool PeerResetsStreams { get; set; }
    public byte[]? PeerCookie { get; set; }
    public CookieState? IssuedCookie { get; set; }
    public int Retransmissions { get; set; }

    public TimeSpan RetransmissionTimeout { get; set; }
    public TimeSpan SmoothedRoundTrip { get; set; }
    public TimeSpan RoundTripVariation { get; set; }
    public int CongestionWindowBytes { get; set; }
    public int SlowStartThreshold { get; set; }

    public StreamState[] Streams { get; set; } = [];

    /// <summary>The TSN of the first chunk in <see cref="Outbound"/>, or of the next message if that is empty.</summary>
    public uint OutboundHeadTsn { get; set; }
    public OutboundChunkData[] Outbound { get; set; } = [];

    public uint CumulativeTsn { get; set; }

    /// <summary>The runs that were received beyond the cumulative TSN: the first and the last TSN of each run in turn.</summary>
    public uint[] TsnRuns { get; set; } = [];
    public InboundChunk[] Held { get; set; } = [];
    public InboundChunk[] Ready { get; set; } = [];

    public uint NextResetRequest { get; set; }
    public uint ExpectedResetRequest { get; set; }
    public uint LastResetResult { get; set; }
    public ushort[] StreamsToReset { get; set; } = [];
    public ResetRequest? OwnReset { get; set; }
    public ResetRequest? DeferredPeerReset { get; set; }

    public SctpEvent[] Events { get; set; } = [];

    /// <summary>Not null in a checkpoint, and in an association that continues one and is not done with it.</summary>
    public ContinuationState? Continuation { get; set; }

    /// <summary>What an owner has to find out who does not know what its predecessor sent and acknowledged.</summary>
    public sealed class ContinuationState
    {
        /// <summary>
        /// The stream (upper 16 bits) and the last stream sequence number (lower 16 bits) that the predecessor may have used. FORWARD-TSN
        /// skips them. Null if the peer has acknowledged that.
        /// </summary>
        public uint[]? Skips { get; set; }

        /// <summary>True until it is known what the predecessor acknowledged.</summary>
        public bool IsCollecting { get; set; }

        /// <summary>The chunks that arrived meanwhile.</summary>
        public InboundChunk[] Collected { get; set; } = [];

        /// <summary>The streams whose next inbound sequence number is known, although it is not known of all.</summary>
        public ushort[]? KnownStreams { get; set; }

        /// <summary>The first TSN that the predecessor had not acknowledged, while the start of its message may be missing.</summary>
        public uint? FirstTsn { get; set; }
    }

    public sealed class StreamState
    {
        public ushort Id { get; set; }
        public ushort NextInbound { get; set; }
        public ushort NextOutbound { get; set; }
    }

    public sealed class OutboundChunkData
    {
        public ushort StreamId { get; set; }
        public ushort StreamSequence { get; set; }
        public uint PayloadProtocolId { get; set; }
        public byte Flags { get; set; }
        public byte State { get; set; }
        public ushort Transmissions { get; set; }
        public int MaximumRetransmits { get; set; }
        public TimeSpan? RemainingLifetime { get; set; }
        public byte[] Payload { get; set; } = [];
    }

    public sealed class InboundChunk
    {
        public uint Tsn { get; set; }
        public ushort StreamId { get; set; }
        public ushort StreamSequence { get; set; }
        public uint PayloadProtocolId { get; set; }
        public byte Flags { get; set; }
        public byte[] Payload { get; set; } = [];
    }

    /// <summary>The values that we sent in an INIT ACK. They take effect with the peer's COOKIE ECHO.</summary>
    public sealed class CookieState
    {
        public byte[] Nonce { get; set; } = [];
        public uint LocalTag { get; set; }
        public uint LocalInitialTsn { get; set; }
        public uint PeerTag { get; set; }
        public uint PeerInitialTsn { get; set; }
        public uint PeerWindow { get; set; }
        public ushort PeerInboundStreams { get; set; }
        public bool PeerForwardsTsn { get; set; }
        public bool PeerResetsStreams { get; set; }
        public byte[] Unrecognized { get; set; } = [];
    }

    public sealed class ResetRequest
    {
        public uint Sequence { get; set; }
        public uint LastTsn { get; set; }
        public ushort[] Streams { get; set; } = [];
    }
}

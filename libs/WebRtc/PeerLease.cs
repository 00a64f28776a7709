namespace Dapr.Voice.WebRtc;

/// <summary>
/// The numbers that a checkpoint leaves to the owner that wrote it (docs/decisions/0037). The owner sends with lower numbers only, until a
/// newer checkpoint is in the store. A successor begins with these.
/// </summary>
public sealed record PeerLease
{
    /// <summary>Grows with each export, also from owner to owner.</summary>
    public required long Number { get; init; }

    /// <summary>The SRTP packet index of 48 bits. <see cref="RtpLead"/> is how far ahead it was.</summary>
    public long RtpIndex { get; init; }
    public int RtpLead { get; init; }

    /// <summary>
    /// The RTP timestamp with which a successor begins, <see cref="TimestampLead"/> ahead. It is no bound: the owner may pass it.
    /// </summary>
    public uint Timestamp { get; init; }
    public uint TimestampLead { get; init; }

    /// <summary>The SRTCP index of 31 bits.</summary>
    public long RtcpIndex { get; init; }

    /// <summary>The sequence number of a DTLS record in epoch 1.</summary>
    public ulong DtlsSequenceNumber { get; init; }

    /// <summary>The verification tag of the association that <see cref="Tsn"/> is for. 0 without an association.</summary>
    public uint SctpTag { get; init; }
    public uint Tsn { get; init; }

    /// <summary>The highest index of the peer's audio at the export. -1 if there was none.</summary>
    public long InboundRtpIndex { get; init; }

    /// <summary>How many changes of the session the checkpoint contains.</summary>
    internal int Changes { get; init; }
}

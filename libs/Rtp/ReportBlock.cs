using System.Buffers.Binary;

namespace Dapr.Voice.Rtp;

/// <summary>
/// What a receiver reports about one source (RFC 3550, section 6.4.1).
/// <code>
/// |                             SSRC                              |
/// | fraction lost |       cumulative number of packets lost       |
/// |           extended highest sequence number received           |
/// |                      interarrival jitter                      |
/// |                         last SR (LSR)                         |
/// |                   delay since last SR (DLSR)                  |
/// </code>
/// </summary>
/// <param name="FractionLost">In 1/256, since the last report.</param>
/// <param name="CumulativeLost">24 bits with a sign. Duplicates can make it negative.</param>
/// <param name="Jitter">In timestamp units (1/48000 s for Opus).</param>
/// <param name="LastSenderReport">The middle 32 bits of the last SR's NTP time, or 0 if no SR arrived.</param>
/// <param name="DelaySinceLastSenderReport">In 1/65536 s.</param>
public readonly record struct ReportBlock(
    uint Ssrc, byte FractionLost, int CumulativeLost, uint ExtendedHighestSequenceNumber, uint Jitter, uint LastSenderReport,
    uint DelaySinceLastSenderReport)
{
    public const int Length = 24;
    public const int MaximumCumulativeLost = 0x7F_FFFF;
    public const int MinimumCumulativeLost = -0x80_0000;

    /// <summary>
    /// The round-trip time as the sender of the SR sees it (RFC 3550, section 6.4.1): arrival - LSR - DLSR. Null if the peer has received
    /// no SR, or if the result is negative, which happens if the peer's clock is wrong.
    /// </summary>
    /// <param name="arrival">Our wall-clock time at the arrival of the report, from the same clock as the SR's time.</param>
    public TimeSpan? RoundTripTime(NtpTimestamp arrival)
    {
        if (LastSenderReport == 0) return null;
        uint elapsed = unchecked(arrival.Middle - LastSenderReport);
        if (elapsed > int.MaxValue || elapsed < DelaySinceLastSenderReport) return null;
        return NtpTimestamp.FromShortUnits(elapsed - DelaySinceLastSenderReport);
    }

    /// <param name="bytes">At least 24 bytes.</param>
    internal static ReportBlock Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt32BigEndian(bytes),
        bytes[4],
        (BinaryPrimitives.ReadInt32BigEndian(bytes[4..]) << 8) >> 8,
        BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]),
        BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]),
        BinaryPrimitives.ReadUInt32BigEndian(bytes[20..]));

    internal void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, Ssrc);
        BinaryPrimitives.WriteInt32BigEndian(
            destination[4..], Math.Clamp(CumulativeLost, MinimumCumulativeLost, MaximumCumulativeLost) & 0xFF_FFFF);
        destination[4] = FractionLost;
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], ExtendedHighestSequenceNumber);
        BinaryPrimitives.WriteUInt32BigEndian(destination[12..], Jitter);
        BinaryPrimitives.WriteUInt32BigEndian(destination[16..], LastSenderReport);
        BinaryPrimitives.WriteUInt32BigEndian(destination[20..], DelaySinceLastSenderReport);
    }
}

using System.Buffers.Binary;

namespace Dapr.Voice.Rtp;

/// <summary>
/// One packet of a compound (RFC 3550, section 6.4) without its padding. Each <c>TryRead</c> method checks that type and length are right.
/// </summary>
public readonly ref struct RtcpPacket
{
    private readonly ReadOnlySpan<byte> _bytes;

    internal RtcpPacket(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public RtcpPacketType Type => (RtcpPacketType)_bytes[1];

    /// <summary>The five bits after the padding bit: report count, source count, subtype or feedback message type.</summary>
    public int Count => _bytes[0] & 0x1F;

    /// <summary>Everything after the four-byte header.</summary>
    public ReadOnlySpan<byte> Body => _bytes[RtcpCompound.HeaderLength..];

    public bool TryReadSenderReport(out SenderReport report)
    {
        report = default;
        if (Type != RtcpPacketType.SenderReport || Body.Length < SenderReport.FixedLength + Count * ReportBlock.Length) return false;
        report = new SenderReport(Body, Count);
        return true;
    }

    public bool TryReadReceiverReport(out ReceiverReport report)
    {
        report = default;
        if (Type != RtcpPacketType.ReceiverReport || Body.Length < 4 + Count * ReportBlock.Length) return false;
        report = new ReceiverReport(BinaryPrimitives.ReadUInt32BigEndian(Body),
            new ReportBlockList(Body.Slice(4, Count * ReportBlock.Length)));
        return true;
    }
}

using System.Buffers.Binary;

namespace Dapr.Voice.Rtp;

/// <summary>Writes the packets of a compound RTCP packet (RFC 3550, section 6) into a span that the caller owns.</summary>
public ref struct RtcpWriter(Span<byte> destination)
{
    private const int MaximumCount = 31;
    private const int MaximumTextLength = 255;

    // The item type of a CNAME in an SDES packet (RFC 3550, section 6.5.1).
    private const byte CnameItem = 1;

    private readonly Span<byte> _destination = destination;

    /// <summary>Bytes written so far. Always a multiple of four.</summary>
    public int Length { get; private set; }

    public readonly Span<byte> Written => _destination[..Length];

    public void AddSenderReport(uint ssrc, in SenderInfo info, params scoped ReadOnlySpan<ReportBlock> blocks)
    {
        Span<byte> body = Begin(RtcpPacketType.SenderReport, blocks.Length, 4 + SenderInfo.Length + blocks.Length * ReportBlock.Length);
        BinaryPrimitives.WriteUInt32BigEndian(body, ssrc);
        info.Write(body[4..]);
        WriteBlocks(body[(4 + SenderInfo.Length)..], blocks);
    }

    public void AddReceiverReport(uint ssrc, params scoped ReadOnlySpan<ReportBlock> blocks)
    {
        Span<byte> body = Begin(RtcpPacketType.ReceiverReport, blocks.Length, 4 + blocks.Length * ReportBlock.Length);
        BinaryPrimitives.WriteUInt32BigEndian(body, ssrc);
        WriteBlocks(body[4..], blocks);
    }

    /// <summary>
    /// Adds an SDES packet with one chunk and one item, the CNAME. Every compound packet must have it (section 6.1).
    /// </summary>
    /// <param name="cname">1 to 255 bytes of UTF-8.</param>
    public void AddCname(uint ssrc, scoped ReadOnlySpan<byte> cname)
    {
        if (cname.Length is 0 or > MaximumTextLength) throw new ArgumentOutOfRangeException(nameof(cname));
        // SSRC, item header, text and at least one null octet, rounded up to a whole word.
        int length = (4 + 2 + cname.Length + 1 + 3) & ~3;
        Span<byte> body = Begin(RtcpPacketType.SourceDescription, 1, length);
        BinaryPrimitives.WriteUInt32BigEndian(body, ssrc);
        body[4] = CnameItem;
        body[5] = (byte)cname.Length;
        cname.CopyTo(body[6..]);
        body[(6 + cname.Length)..].Clear();
    }

    /// <summary>Adds a BYE packet for one source, without a reason (section 6.6).</summary>
    public void AddBye(uint ssrc) => BinaryPrimitives.WriteUInt32BigEndian(Begin(RtcpPacketType.Bye, 1, 4), ssrc);

    private Span<byte> Begin(RtcpPacketType type, int count, int bodyLength)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MaximumCount);
        Span<byte> packet = _destination.Slice(Length, RtcpCompound.HeaderLength + bodyLength);
        packet[0] = (byte)(0x80 | count);
        packet[1] = (byte)type;
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)(bodyLength / 4));
        Length += packet.Length;
        return packet[RtcpCompound.HeaderLength..];
    }

    private static void WriteBlocks(Span<byte> destination, ReadOnlySpan<ReportBlock> blocks)
    {
        for (int i = 0; i < blocks.Length; i++) blocks[i].Write(destination[(i * ReportBlock.Length)..]);
    }
}

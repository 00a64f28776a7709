using System.Buffers.Binary;

namespace Dapr.Voice.Rtp;

/// <summary>An SR (RFC 3550, section 6.4.1), read in place.</summary>
public readonly ref struct SenderReport
{
    /// <summary>The part after the RTCP header: SSRC, NTP time, RTP time, packet count and octet count.</summary>
    internal const int FixedLength = 24;

    private readonly ReadOnlySpan<byte> _body;
    private readonly int _count;

    internal SenderReport(ReadOnlySpan<byte> body, int count)
    {
        _body = body;
        _count = count;
    }

    public uint Ssrc => BinaryPrimitives.ReadUInt32BigEndian(_body);
    public SenderInfo Info => SenderInfo.Read(_body[4..]);
    public ReportBlockList ReportBlocks => new(_body.Slice(FixedLength, _count * ReportBlock.Length));
}

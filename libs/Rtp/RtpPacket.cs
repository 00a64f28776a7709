using System.Buffers.Binary;

namespace Dapr.Voice.Rtp;

/// <summary>A plain RTP packet (RFC 3550, section 5.1) read in place; valid as long as its datagram.</summary>
public readonly ref struct RtpPacket
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly RtpHeader _header;

    private RtpPacket(ReadOnlySpan<byte> bytes, RtpHeader header, int paddingLength)
    {
        _bytes = bytes;
        _header = header;
        PaddingLength = paddingLength;
    }

    public RtpHeader Header => _header;
    public byte PayloadType => _header.PayloadType;
    public bool Marker => _header.Marker;
    public ushort SequenceNumber => _header.SequenceNumber;
    public uint Timestamp => _header.Timestamp;
    public uint Ssrc => _header.Ssrc;
    public int CsrcCount => _header.CsrcCount;

    /// <summary>Bytes before the payload, extension included.</summary>
    public int HeaderLength => _header.Length;

    /// <summary>Bytes after the payload, the length byte included; 0 if there is none.</summary>
    public int PaddingLength { get; }

    /// <summary>Without header and padding; may be empty.</summary>
    public ReadOnlySpan<byte> Payload => _bytes[_header.Length..^PaddingLength];

    public ReadOnlySpan<byte> Bytes => _bytes;

    public static bool TryParse(ReadOnlySpan<byte> datagram, out RtpPacket packet, out RtpParseError error)
    {
        packet = default;
        if (!RtpHeader.TryParse(datagram, out RtpHeader header, out error)) return false;
        int padding = 0;
        if (header.HasPadding)
        {
            padding = datagram[^1];
            if (padding == 0 || padding > datagram.Length - header.Length) { error = RtpParseError.BadPadding; return false; }
        }
        packet = new RtpPacket(datagram, header, padding);
        return true;
    }

    /// <param name="index">0 to <see cref="CsrcCount"/> - 1.</param>
    public uint GetCsrc(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)CsrcCount, nameof(index));
        return BinaryPrimitives.ReadUInt32BigEndian(_bytes[(RtpHeader.FixedLength + 4 * index)..]);
    }

    /// <summary>The header extension's elements (RFC 8285), in either form.</summary>
    public RtpHeaderExtensions Extensions => _header.HasExtension
        ? new RtpHeaderExtensions(
            BinaryPrimitives.ReadUInt16BigEndian(_bytes[_header.ExtensionOffset..]), _bytes[(_header.ExtensionOffset + 4).._header.Length])
        : default;

    /// <param name="id">As negotiated by <c>a=extmap</c>: 1 to 14 in the one-byte form, 1 to 255 in the two-byte form.</param>
    public bool TryGetExtension(int id, out ReadOnlySpan<byte> value)
    {
        foreach (RtpHeaderExtension element in Extensions)
        {
            if (element.Id != id) continue;
            value = element.Value;
            return true;
        }
        value = default;
        return false;
    }
}

namespace Dapr.Voice.Rtp;

/// <summary>A plain RTP packet (RFC 3550, section 5.1), read in place. It is valid as long as its datagram.</summary>
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

    /// <summary>Bytes before the payload, including the extension.</summary>
    public int HeaderLength => _header.Length;

    /// <summary>Bytes after the payload, including the length byte. 0 if there is no padding.</summary>
    public int PaddingLength { get; }

    /// <summary>The bytes between header and padding. May be empty.</summary>
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
}

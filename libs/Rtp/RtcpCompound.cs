using System.Buffers.Binary;

namespace Dapr.Voice.Rtp;

/// <summary>
/// A compound RTCP packet (RFC 3550, section 6.1), read in place, as an enumerator of its packets. Reduced size is accepted (RFC 5506): the
/// first packet may have any type. Packets of unknown types are enumerated, too.
/// </summary>
public ref struct RtcpCompound
{
    internal const int HeaderLength = 4;
    private const int VersionMask = 0xC0, Version2 = 0x80, PaddingBit = 0x20;

    private ReadOnlySpan<byte> _rest;

    private RtcpCompound(ReadOnlySpan<byte> bytes) => _rest = bytes;

    public RtcpPacket Current { get; private set; }

    public readonly RtcpCompound GetEnumerator() => this;

    /// <summary>Checks version, type, length and padding of every packet. The packets must fill the datagram exactly.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out RtcpCompound compound, out RtcpParseError error)
    {
        compound = default;
        if (datagram.Length < HeaderLength) { error = RtcpParseError.TooShort; return false; }
        ReadOnlySpan<byte> rest = datagram;
        while (!rest.IsEmpty)
        {
            if (rest.Length < HeaderLength) { error = RtcpParseError.TooShort; return false; }
            if ((rest[0] & VersionMask) != Version2) { error = RtcpParseError.BadVersion; return false; }
            // RFC 5761, section 4: a type outside 192 to 223 is an RTP packet.
            if (rest[1] is < 192 or > 223) { error = RtcpParseError.BadPacketType; return false; }
            int length = PacketLength(rest);
            if (length > rest.Length) { error = RtcpParseError.LengthBeyondEnd; return false; }
            if ((rest[0] & PaddingBit) != 0)
            {
                // Only the last packet of a compound may have padding, in whole words (RFC 3550, section 6.4.1).
                int padding = rest[length - 1];
                if (length != rest.Length || padding == 0 || padding % 4 != 0 || padding > length - HeaderLength)
                {
                    error = RtcpParseError.BadPadding;
                    return false;
                }
            }
            rest = rest[length..];
        }
        error = RtcpParseError.None;
        compound = new RtcpCompound(datagram);
        return true;
    }

    public bool MoveNext()
    {
        if (_rest.IsEmpty) return false;
        int length = PacketLength(_rest);
        int padding = (_rest[0] & PaddingBit) != 0 ? _rest[length - 1] : 0;
        Current = new RtcpPacket(_rest[..(length - padding)]);
        _rest = _rest[length..];
        return true;
    }

    private static int PacketLength(ReadOnlySpan<byte> packet) => 4 * (BinaryPrimitives.ReadUInt16BigEndian(packet[2..]) + 1);
}

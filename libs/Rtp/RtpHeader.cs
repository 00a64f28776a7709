using System.Buffers.Binary;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Rtp;

/// <summary>
/// The header of an RTP packet (RFC 3550, section 5.1). SRTP does not encrypt it, so it can be read before decryption. The padding can not.
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// |V=2|P|X|  CC   |M|     PT      |       sequence number         |
/// |                           timestamp                           |
/// |                             SSRC                              |
/// |                     CSRC (0 to 15 of them)                    |
/// |     extension profile         |   extension length in words   |
/// </code>
/// </summary>
/// <param name="Length">The length of the header in bytes: fixed part, CSRC list and extension.</param>
public readonly record struct RtpHeader(
    byte PayloadType, bool Marker, ushort SequenceNumber, uint Timestamp, uint Ssrc, int Length, bool HasPadding)
{
    public const int FixedLength = 12;

    private const int VersionMask = 0xC0, Version2 = 0x80, PaddingBit = 0x20, ExtensionBit = 0x10, CsrcCountMask = 0x0F;
    private const int MarkerBit = 0x80, PayloadTypeMask = 0x7F;

    public static bool TryParse(ReadOnlySpan<byte> packet, out RtpHeader header, out RtpParseError error)
    {
        header = default;
        if (packet.Length < FixedLength) { error = RtpParseError.TooShort; return false; }
        if ((packet[0] & VersionMask) != Version2) { error = RtpParseError.BadVersion; return false; }

        int csrcCount = packet[0] & CsrcCountMask;
        int length = FixedLength + 4 * csrcCount;
        if (packet.Length < length) { error = RtpParseError.CsrcListTruncated; return false; }

        if ((packet[0] & ExtensionBit) != 0)
        {
            if (packet.Length < length + 4) { error = RtpParseError.ExtensionTruncated; return false; }
            length += 4 + 4 * BinaryPrimitives.ReadUInt16BigEndian(packet[(length + 2)..]);
            if (packet.Length < length) { error = RtpParseError.ExtensionTruncated; return false; }
        }

        error = RtpParseError.None;
        header = new RtpHeader(
            (byte)(packet[1] & PayloadTypeMask),
            (packet[1] & MarkerBit) != 0,
            BinaryPrimitives.ReadUInt16BigEndian(packet[2..]),
            BinaryPrimitives.ReadUInt32BigEndian(packet[4..]),
            BinaryPrimitives.ReadUInt32BigEndian(packet[8..]),
            length,
            (packet[0] & PaddingBit) != 0);
        return true;
    }
}

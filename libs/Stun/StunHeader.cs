namespace Dapr.Voice.Stun;

/// <summary>Offsets of the header (RFC 8489, section 5).</summary>
/// <remarks><code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// |0 0|     STUN Message Type     |         Message Length        |
/// |                         Magic Cookie                          |
/// |                     Transaction ID (96 bits)                  |
/// </code></remarks>
internal static class StunHeader
{
    public const int Length = 20;
    public const int LengthOffset = 2;
    public const int MagicCookieOffset = 4;
    public const int TransactionIdOffset = 8;
    public const int TransactionIdLength = 12;
    public const uint MagicCookie = 0x2112A442;

    /// <summary>The length of an attribute's header: its type and its length.</summary>
    public const int AttributeHeaderLength = 4;

    /// <summary>Encodes the fourteen bits that method and class share: M11..M7 C1 M6..M4 C0 M3..M0.</summary>
    public static ushort EncodeType(StunClass messageClass, StunMethod method)
    {
        int m = (int)method & 0xFFF;
        int c = (int)messageClass;
        return (ushort)((m & 0x00F) | ((c & 1) << 4) | ((m & 0x070) << 1) | ((c & 2) << 7) | ((m & 0xF80) << 2));
    }

    public static StunClass DecodeClass(ushort type) => (StunClass)(((type >> 4) & 1) | ((type >> 7) & 2));

    public static StunMethod DecodeMethod(ushort type) => (StunMethod)((type & 0x00F) | ((type >> 1) & 0x070) | ((type >> 2) & 0xF80));

    /// <summary>Rounds up to a multiple of four. Attribute values are padded to it; the length field does not count the padding.</summary>
    public static int Padded(int length) => (length + 3) & ~3;
}

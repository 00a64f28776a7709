using System.Buffers.Binary;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Stun;

/// <summary>
/// The value of XOR-MAPPED-ADDRESS (RFC 8489, section 14.2). It hides an address from gateways that rewrite addresses in payloads. <c>0 |
/// family:8 | port:16 | address:32|128</c>, where port and address are XORed with the cookie and the transaction id.
/// </summary>
internal static class XorMappedAddress
{
    public const int MaximumValueLength = 20;
    private const byte FamilyIPv4 = 1;
    private const byte FamilyIPv6 = 2;

    /// <returns>The number of bytes written: 8 or 20.</returns>
    public static int Write(Span<byte> value, TransportAddress address, ReadOnlySpan<byte> transactionId)
    {
        value[0] = 0;
        value[1] = address.IsIPv4 ? FamilyIPv4 : FamilyIPv6;
        BinaryPrimitives.WriteUInt16BigEndian(value[2..], (ushort)(address.Port ^ (StunHeader.MagicCookie >> 16)));
        if (address.IsIPv4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(value[4..], address.IPv4 ^ StunHeader.MagicCookie);
            return 8;
        }
        (ulong high, ulong low) = Mask(transactionId);
        BinaryPrimitives.WriteUInt64BigEndian(value[4..], address.High ^ high);
        BinaryPrimitives.WriteUInt64BigEndian(value[12..], address.Low ^ low);
        return 20;
    }

    public static bool TryRead(ReadOnlySpan<byte> value, ReadOnlySpan<byte> transactionId, out TransportAddress address)
    {
        address = default;
        if (value.Length < 8) return false;
        ushort port = (ushort)(BinaryPrimitives.ReadUInt16BigEndian(value[2..]) ^ (StunHeader.MagicCookie >> 16));
        switch (value[1])
        {
            case FamilyIPv4 when value.Length == 8:
                address = TransportAddress.FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(value[4..]) ^ StunHeader.MagicCookie, port);
                return true;
            case FamilyIPv6 when value.Length == 20:
                (ulong high, ulong low) = Mask(transactionId);
                address = new TransportAddress(
                    BinaryPrimitives.ReadUInt64BigEndian(value[4..]) ^ high, BinaryPrimitives.ReadUInt64BigEndian(value[12..]) ^ low, port);
                return true;
            default:
                return false;
        }
    }

    private static (ulong High, ulong Low) Mask(ReadOnlySpan<byte> transactionId)
        => (((ulong)StunHeader.MagicCookie << 32) | BinaryPrimitives.ReadUInt32BigEndian(transactionId),
            BinaryPrimitives.ReadUInt64BigEndian(transactionId[4..]));
}

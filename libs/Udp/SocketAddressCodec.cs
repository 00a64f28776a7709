using System.Buffers.Binary;
using Dapr.Voice.Native;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Udp;

/// <summary>
/// Converts sockaddr_in and sockaddr_in6 to and from <see cref="TransportAddress"/>. The family is in host order, the rest in network
/// order.
/// </summary>
internal static unsafe class SocketAddressCodec
{
    public const int MaximumLength = 28;

    public static uint Write(byte* destination, in TransportAddress address, bool isIPv6Socket)
    {
        var bytes = new Span<byte>(destination, MaximumLength);
        if (!isIPv6Socket)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes, LibC.AF_INET);
            BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], address.Port);
            BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], address.IPv4);
            BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], 0);
            return 16;
        }
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, LibC.AF_INET6);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], address.Port);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], 0);
        address.WriteAddress16(bytes[8..]);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[24..], 0);
        return MaximumLength;
    }

    public static bool TryRead(byte* source, uint length, out TransportAddress address)
    {
        address = default;
        if (length < 16) return false;
        var bytes = new ReadOnlySpan<byte>(source, (int)length);
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        switch (BinaryPrimitives.ReadUInt16LittleEndian(bytes))
        {
            case LibC.AF_INET:
                address = TransportAddress.FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]), port);
                return true;
            case LibC.AF_INET6 when length >= 24:
                address = new TransportAddress(
                    BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]), BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]), port);
                return true;
            default:
                return false;
        }
    }
}

using System.Buffers.Binary;

namespace Dapr.Voice.Rtp;

/// <summary>
/// The sender information of an SR (RFC 3550, section 6.4.1): one moment on the wall clock and on the media clock, and the totals.
/// </summary>
/// <param name="PacketCount">Packets since the start, modulo 2^32.</param>
/// <param name="OctetCount">Payload bytes since the start, modulo 2^32.</param>
public readonly record struct SenderInfo(NtpTimestamp Ntp, uint RtpTimestamp, uint PacketCount, uint OctetCount)
{
    internal const int Length = 20;

    internal static SenderInfo Read(ReadOnlySpan<byte> bytes) => new(
        new NtpTimestamp(BinaryPrimitives.ReadUInt64BigEndian(bytes)),
        BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]),
        BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]));

    internal void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, Ntp.Value);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], RtpTimestamp);
        BinaryPrimitives.WriteUInt32BigEndian(destination[12..], PacketCount);
        BinaryPrimitives.WriteUInt32BigEndian(destination[16..], OctetCount);
    }
}

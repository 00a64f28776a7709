using System.Buffers.Binary;
using System.Numerics;

namespace Dapr.Voice.Sctp;

/// <summary>The checksum of an SCTP packet (RFC 9260, section 6.8 and appendix A).</summary>
internal static class Crc32C
{
    /// <summary>Computes the checksum of a whole packet. The checksum field counts as zero.</summary>
    /// <param name="packet">At least a common header (12 bytes).</param>
    public static uint OfPacket(ReadOnlySpan<byte> packet)
    {
        uint crc = BitOperations.Crc32C(uint.MaxValue, BinaryPrimitives.ReadUInt64LittleEndian(packet));
        crc = BitOperations.Crc32C(crc, 0u);
        return ~Update(crc, packet[12..]);
    }

    public static uint Of(ReadOnlySpan<byte> bytes) => ~Update(uint.MaxValue, bytes);

    private static uint Update(uint crc, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }
        foreach (byte value in bytes) crc = BitOperations.Crc32C(crc, value);
        return crc;
    }
}

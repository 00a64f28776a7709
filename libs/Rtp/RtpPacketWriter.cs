using System.Buffers.Binary;

namespace Dapr.Voice.Rtp;

/// <summary>
/// Writes RTP headers (RFC 3550, section 5.1) without a CSRC list, an extension or padding. We send no others.
/// </summary>
public static class RtpPacketWriter
{
    /// <returns>12, the length of the header.</returns>
    public static int WriteHeader(Span<byte> destination, byte payloadType, bool marker, ushort sequenceNumber, uint timestamp, uint ssrc)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payloadType, 127);
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, RtpHeader.FixedLength, nameof(destination));
        destination[0] = 0x80;
        destination[1] = (byte)((marker ? 0x80 : 0) | payloadType);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], sequenceNumber);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], timestamp);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], ssrc);
        return RtpHeader.FixedLength;
    }
}

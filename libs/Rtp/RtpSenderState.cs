namespace Dapr.Voice.Rtp;

/// <summary>The state that another process needs to continue sending a stream.</summary>
/// <param name="SinceLastPacket">The time since the last packet was sent. Null before the first packet.</param>
public sealed record RtpSenderState(
    uint Ssrc, byte PayloadType, ushort NextSequenceNumber, uint NextTimestamp, uint PacketCount, uint OctetCount, uint LastTimestamp,
    TimeSpan? SinceLastPacket);

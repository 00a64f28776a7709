namespace Dapr.Voice.Rtp;

/// <summary>What another process needs to go on sending a stream.</summary>
/// <param name="SinceLastPacket">How long ago the last packet left; null before the first.</param>
public sealed record RtpSenderState(
    uint Ssrc, byte PayloadType, ushort NextSequenceNumber, uint NextTimestamp, uint PacketCount, uint OctetCount, uint LastTimestamp,
    TimeSpan? SinceLastPacket);

namespace Dapr.Voice.Rtp;

/// <summary>The RTCP packet types that we write or read (RFC 3550, section 12.1). The parser also enumerates other types.</summary>
public enum RtcpPacketType : byte
{
    SenderReport = 200,
    ReceiverReport = 201,
    SourceDescription = 202,
    Bye = 203,
}

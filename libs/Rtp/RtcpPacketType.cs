namespace Dapr.Voice.Rtp;

/// <summary>RTCP packet types (RFC 3550, section 12.1; RFC 4585; RFC 3611). Others pass through the parser unnamed.</summary>
public enum RtcpPacketType : byte
{
    SenderReport = 200,
    ReceiverReport = 201,
    SourceDescription = 202,
    Bye = 203,
    Application = 204,
    TransportFeedback = 205,
    PayloadFeedback = 206,
    ExtendedReport = 207,
}

namespace Dapr.Voice.Rtp;

/// <summary>Why bytes are not a compound RTCP packet. The name is also the tag of the counter.</summary>
public enum RtcpParseError : byte
{
    None,
    TooShort,
    BadVersion,
    BadPacketType,
    LengthBeyondEnd,
    BadPadding,
}

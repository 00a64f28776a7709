namespace Dapr.Voice.Rtp;

/// <summary>Why bytes are no compound RTCP packet. The word is also the counter's tag.</summary>
public enum RtcpParseError : byte
{
    None,
    TooShort,
    BadVersion,
    BadPacketType,
    LengthBeyondEnd,
    BadPadding,
}

namespace Dapr.Voice.Rtp;

/// <summary>Why bytes are no RTP packet. The word is also the counter's tag.</summary>
public enum RtpParseError : byte
{
    None,
    TooShort,
    BadVersion,
    CsrcListTruncated,
    ExtensionTruncated,
    BadPadding,
}

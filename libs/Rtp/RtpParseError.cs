namespace Dapr.Voice.Rtp;

/// <summary>Why bytes are not an RTP packet. The name is also the tag of the counter.</summary>
public enum RtpParseError : byte
{
    None,
    TooShort,
    BadVersion,
    CsrcListTruncated,
    ExtensionTruncated,
    BadPadding,
}

namespace Dapr.Voice.Srtp;

/// <summary>Why a packet was not unprotected. The word is also the counter's tag.</summary>
public enum SrtpError : byte
{
    None,

    /// <summary>Shorter than header and tag.</summary>
    TooShort,

    /// <summary>No RTP or RTCP header where one should be.</summary>
    BadHeader,

    /// <summary>Index seen before (RFC 3711, section 3.3.2).</summary>
    Replayed,

    /// <summary>Index older than the replay list reaches.</summary>
    TooOld,

    /// <summary>The tag is wrong: forged, damaged, or under another key or rollover counter.</summary>
    AuthenticationFailed,

    /// <summary>A new SSRC, and the context holds as many as it may.</summary>
    TooManySources,
}

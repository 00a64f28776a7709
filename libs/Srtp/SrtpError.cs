namespace Dapr.Voice.Srtp;

/// <summary>Why a packet was not unprotected. The name is also the tag of the counter.</summary>
public enum SrtpError : byte
{
    None,

    /// <summary>The packet is shorter than header and tag.</summary>
    TooShort,

    /// <summary>The packet has no valid RTP or RTCP header.</summary>
    BadHeader,

    /// <summary>The index was seen before (RFC 3711, section 3.3.2).</summary>
    Replayed,

    /// <summary>The index is older than the replay list.</summary>
    TooOld,

    /// <summary>The tag is wrong: the packet was forged or damaged, or the sender used another key or rollover counter.</summary>
    AuthenticationFailed,

    /// <summary>The SSRC is new, and the context already has the maximum number of SSRCs.</summary>
    TooManySources,
}

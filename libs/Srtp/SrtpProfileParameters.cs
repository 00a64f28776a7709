namespace Dapr.Voice.Srtp;

/// <summary>The lengths of each protection profile in bytes (RFC 5764, section 4.1.2; RFC 7714, section 12).</summary>
public static class SrtpProfileParameters
{
    /// <summary>The room that <c>Protect</c> needs after an RTP packet.</summary>
    public const int MaximumRtpOverhead = 16;

    /// <summary>The room that <c>Protect</c> needs after an RTCP packet, for the tag and the index.</summary>
    public const int MaximumRtcpOverhead = 20;

    public static bool IsKnown(SrtpProtectionProfile profile)
        => profile is SrtpProtectionProfile.Aes128CmHmacSha1_80 or SrtpProtectionProfile.Aes128CmHmacSha1_32
        or SrtpProtectionProfile.AeadAes128Gcm;

    public static int KeyLength(SrtpProtectionProfile profile) => IsKnown(profile) ? 16 : throw Unknown(profile);

    public static int SaltLength(SrtpProtectionProfile profile) => profile switch
    {
        SrtpProtectionProfile.Aes128CmHmacSha1_80 or SrtpProtectionProfile.Aes128CmHmacSha1_32 => 14,
        SrtpProtectionProfile.AeadAes128Gcm => 12,
        _ => throw Unknown(profile),
    };

    /// <summary>Returns the length of the tag of an SRTP packet.</summary>
    public static int TagLength(SrtpProtectionProfile profile)
        => profile == SrtpProtectionProfile.Aes128CmHmacSha1_32 ? 4 : RtcpTagLength(profile);

    /// <summary>Returns the length of the tag of an SRTCP packet.</summary>
    public static int RtcpTagLength(SrtpProtectionProfile profile) => profile switch
    {
        SrtpProtectionProfile.Aes128CmHmacSha1_80 or SrtpProtectionProfile.Aes128CmHmacSha1_32 => 10,
        SrtpProtectionProfile.AeadAes128Gcm => 16,
        _ => throw Unknown(profile),
    };

    private static ArgumentOutOfRangeException Unknown(SrtpProtectionProfile profile)
        => new(nameof(profile), profile, "Unknown SRTP protection profile.");
}

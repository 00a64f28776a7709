namespace Dapr.Voice.Srtp;

/// <summary>DTLS-SRTP protection profiles by their registered numbers (RFC 5764, section 4.1.2; RFC 7714, section 14.2).</summary>
public enum SrtpProtectionProfile : ushort
{
    Aes128CmHmacSha1_80 = 1,

    /// <summary>Like the profile above, with a tag of 4 bytes in SRTP and of 10 bytes in SRTCP.</summary>
    Aes128CmHmacSha1_32 = 2,

    AeadAes128Gcm = 7,
}

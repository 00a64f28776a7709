namespace Dapr.Voice.Srtp;

/// <summary>Labels of the key derivation function (RFC 3711, section 4.3).</summary>
public enum KeyDerivationLabel : byte
{
    RtpEncryption = 0,
    RtpAuthentication = 1,
    RtpSalt = 2,
    RtcpEncryption = 3,
    RtcpAuthentication = 4,
    RtcpSalt = 5,
}

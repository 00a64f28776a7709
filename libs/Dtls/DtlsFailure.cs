namespace Dapr.Voice.Dtls;

/// <summary>Why a connection failed. The name is also the tag of the counter.</summary>
public enum DtlsFailure : byte
{
    None,

    /// <summary>The two sides have no common parameters, a message was malformed, or a fatal alert arrived during the handshake.</summary>
    HandshakeFailed,

    /// <summary>OpenSSL stopped repeating its flight after 12 attempts.</summary>
    HandshakeTimeout,

    /// <summary>The session has audio, but the peer agreed to no SRTP profile (RFC 5764, section 4.1).</summary>
    NoSrtpProfile,

    /// <summary>The peer's certificate has none of the expected fingerprints.</summary>
    FingerprintMismatch,

    /// <summary>A fatal alert arrived after the handshake.</summary>
    FatalAlert,
}

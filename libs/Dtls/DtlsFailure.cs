namespace Dapr.Voice.Dtls;

/// <summary>Why a connection failed. The word is also the counter's tag.</summary>
public enum DtlsFailure : byte
{
    None,

    /// <summary>No common ground, a broken message, or a fatal alert while connecting.</summary>
    HandshakeFailed,

    /// <summary>OpenSSL gave up repeating its flight (after 12 times).</summary>
    HandshakeTimeout,

    /// <summary>The peer agreed to no SRTP profile (RFC 5764, section 4.1), and the session has audio.</summary>
    NoSrtpProfile,

    /// <summary>The peer's certificate has none of the promised fingerprints.</summary>
    FingerprintMismatch,

    /// <summary>A fatal alert after the handshake.</summary>
    FatalAlert,
}

namespace Dapr.Voice.Dtls;

public enum DtlsEventKind : byte
{
    /// <summary>The handshake is done, the certificate has the expected fingerprint, and the keys are available.</summary>
    Connected,

    /// <summary>The peer sent close_notify or a fatal alert after the handshake.</summary>
    Closed,

    /// <summary>The handshake failed.</summary>
    Failed,

    /// <summary>
    /// The peer's certificate has none of the fingerprints in its description (RFC 8122, section 6.2). There are no keys.
    /// </summary>
    FingerprintMismatch,
}

/// <param name="Failure">The reason for <see cref="DtlsEventKind.Failed"/>, <see cref="DtlsEventKind.FingerprintMismatch"/> and a <see
/// cref="DtlsEventKind.Closed"/> that was caused by an alert.</param>
/// <param name="ErrorCode">OpenSSL's error code for the log, or 0 if there is none.</param>
public readonly record struct DtlsEvent(DtlsEventKind Kind, DtlsFailure Failure = DtlsFailure.None, ulong ErrorCode = 0);

namespace Dapr.Voice.Dtls;

public enum DtlsEventKind : byte
{
    /// <summary>The handshake is done and the certificate has the promised fingerprint. Keys are there.</summary>
    Connected,

    /// <summary>The peer sent close_notify or a fatal alert after the handshake.</summary>
    Closed,

    /// <summary>The handshake can't be finished.</summary>
    Failed,

    /// <summary>The handshake was done with somebody else than the description promised (RFC 8122, section 6.2). No keys.</summary>
    FingerprintMismatch,
}

/// <param name="Failure">More about <see cref="DtlsEventKind.Failed"/>, <see cref="DtlsEventKind.FingerprintMismatch"/> and an unfriendly
/// <see cref="DtlsEventKind.Closed"/>.</param>
/// <param name="ErrorCode">OpenSSL's, for the log; 0 if it gave none.</param>
public readonly record struct DtlsEvent(DtlsEventKind Kind, DtlsFailure Failure = DtlsFailure.None, ulong ErrorCode = 0);

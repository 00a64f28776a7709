namespace Dapr.Voice.Hosting;

/// <summary>Which secrets a service reads: no more than it needs.</summary>
[Flags]
public enum FleetSecrets
{
    None = 0,
    HintKeys = 1,
    PasswordKeys = 2,
    LinkKey = 4,
    TokenKeys = 8,
    ApiKeys = 16,
    DtlsCertificate = 32,

    /// <summary>Verifies hints, proves itself on links.</summary>
    Relay = HintKeys | LinkKey,

    /// <summary>Verifies hints, answers STUN, proves itself on links, is the DTLS peer.</summary>
    Transceiver = HintKeys | PasswordKeys | LinkKey | DtlsCertificate,

    /// <summary>Makes hints and passwords, names the certificate's fingerprint, knows callers.</summary>
    Signaling = HintKeys | PasswordKeys | TokenKeys | ApiKeys | DtlsCertificate,
}

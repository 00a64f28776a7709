namespace Dapr.Voice.Hosting;

/// <summary>The secrets that a service reads. A service reads only what it needs.</summary>
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

    /// <summary>The relay verifies hints and authenticates itself on links. It adds the password keys to these.</summary>
    Relay = HintKeys | LinkKey,

    /// <summary>The transceiver verifies hints, answers STUN, authenticates itself on links, and is the DTLS peer.</summary>
    Transceiver = HintKeys | PasswordKeys | LinkKey | DtlsCertificate,

    /// <summary>
    /// Signaling creates hints and passwords, and authenticates callers. It learns the certificate's fingerprint from the transceivers'
    /// records, because the secret with the certificate has its private key, too.
    /// </summary>
    Signaling = HintKeys | PasswordKeys | TokenKeys | ApiKeys,
}

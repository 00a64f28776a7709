namespace Dapr.Voice.Ice;

/// <summary>Why a received message changed nothing and got no answer, or why something was not sent.</summary>
public enum IceDropReason : byte
{
    /// <summary>No STUN message, or a damaged one.</summary>
    Malformed,
    /// <summary>STUN, but another method than Binding.</summary>
    NotBinding,
    /// <summary>ICE requires FINGERPRINT in every message (RFC 8445, section 7.1).</summary>
    NoFingerprint,
    BadFingerprint,
    /// <summary>A request without USERNAME or MESSAGE-INTEGRITY, or a response without the latter.</summary>
    NoCredentials,
    /// <summary>USERNAME names another session, or another peer.</summary>
    UnknownUfrag,
    BadIntegrity,
    /// <summary>A response to nothing that is outstanding on that path.</summary>
    UnexpectedResponse,
    /// <summary>Nobody drained <see cref="IceAgent.TryTransmit"/>: the oldest answer made room.</summary>
    OutputQueueFull,
    /// <summary>Consent is lost or the agent has failed.</summary>
    Ended,
}

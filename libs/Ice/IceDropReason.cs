namespace Dapr.Voice.Ice;

/// <summary>Why a received message had no effect and no answer, or why something was not sent.</summary>
public enum IceDropReason : byte
{
    /// <summary>The bytes are not a STUN message, or the message is malformed.</summary>
    Malformed,
    /// <summary>The STUN method is not Binding.</summary>
    NotBinding,
    /// <summary>FINGERPRINT is missing. ICE requires it in every message (RFC 8445, section 7.1).</summary>
    NoFingerprint,
    BadFingerprint,
    /// <summary>A request has no USERNAME or no MESSAGE-INTEGRITY, or a response has no MESSAGE-INTEGRITY.</summary>
    NoCredentials,
    /// <summary>USERNAME names another session or another peer.</summary>
    UnknownUfrag,
    BadIntegrity,
    /// <summary>The response does not match any outstanding check on that path.</summary>
    UnexpectedResponse,
    /// <summary>The owner did not drain <see cref="IceAgent.TryTransmit"/>, so the oldest answer was dropped.</summary>
    OutputQueueFull,
    /// <summary>
    /// The check came by an ingress that is lost or leaves, and the session has a path by another one. It is not answered, so that the peer
    /// moves.
    /// </summary>
    IngressLost,
    /// <summary>Consent was lost, or the agent has failed.</summary>
    Ended,
}

namespace Dapr.Voice.Stun;

/// <summary>Why bytes are not a STUN message. The name is the tag of the receiver's counter.</summary>
public enum StunParseError : byte
{
    None,
    /// <summary>The datagram is shorter than a header.</summary>
    TooShort,
    /// <summary>The datagram is longer than <see cref="StunMessage.MaximumLength"/>.</summary>
    TooLong,
    /// <summary>The two highest bits are not zero.</summary>
    NotStun,
    /// <summary>The magic cookie is missing: the message is RFC 3489 or not STUN.</summary>
    BadMagicCookie,
    /// <summary>The length field does not match the datagram, or it is not a multiple of four.</summary>
    BadLength,
    /// <summary>An attribute reaches beyond the end of the message.</summary>
    TruncatedAttribute,
    /// <summary>The length of FINGERPRINT is not four, or the length of MESSAGE-INTEGRITY is not twenty.</summary>
    BadAttributeLength,
    /// <summary>An attribute follows FINGERPRINT, which must be last (RFC 8489, section 14.7).</summary>
    AttributeAfterFingerprint,
}

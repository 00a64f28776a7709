namespace Dapr.Voice.Stun;

/// <summary>Why bytes are no STUN message; the word in the counter of whoever received them.</summary>
public enum StunParseError : byte
{
    None,
    /// <summary>Fewer bytes than a header.</summary>
    TooShort,
    /// <summary>More than <see cref="StunMessage.MaximumLength"/>.</summary>
    TooLong,
    /// <summary>The two top bits are not zero.</summary>
    NotStun,
    /// <summary>No magic cookie: RFC 3489, or not STUN at all.</summary>
    BadMagicCookie,
    /// <summary>The length field does not fit the datagram, or is no multiple of four.</summary>
    BadLength,
    /// <summary>An attribute reaches beyond the end.</summary>
    TruncatedAttribute,
    /// <summary>FINGERPRINT has not four bytes, or MESSAGE-INTEGRITY not twenty.</summary>
    BadAttributeLength,
    /// <summary>Something follows FINGERPRINT, which has to be last (RFC 8489, section 14.7).</summary>
    AttributeAfterFingerprint,
}

namespace Dapr.Voice.Sdp;

/// <summary>Why a description is refused. In snake case it is the stable code that callers see.</summary>
public enum SdpErrorReason : byte
{
    None,
    TooLarge,
    TooManyLines,
    LineTooLong,
    ControlCharacter,
    /// <summary>Not <c>letter=value</c>, or a value that breaks the grammar of its letter.</summary>
    MalformedLine,
    /// <summary>Does not begin with <c>v=0</c>.</summary>
    MissingVersion,
    MissingOrigin,
    TooManyMediaSections,
    DuplicateMid,
    NoMediaSection,
    MissingMid,
    /// <summary>BUNDLE names a mid that no section has.</summary>
    UnknownBundleMid,
    /// <summary>Several usable sections and no BUNDLE group: we have one transport.</summary>
    BundleRequired,
    RtcpMuxRequired,
    MissingIceCredentials,
    InvalidIceCredentials,
    /// <summary>Both sides lite: nobody would send checks.</summary>
    PeerIsIceLite,
    MissingFingerprint,
    /// <summary>No fingerprint by SHA-256, or a damaged one.</summary>
    InvalidFingerprint,
    InvalidSetup,
    /// <summary>Nothing in the offer that we can do.</summary>
    UnsupportedMedia,
    /// <summary>An answer that does not answer our offer.</summary>
    AnswerMismatch,
}

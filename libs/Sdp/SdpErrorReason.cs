namespace Dapr.Voice.Sdp;

/// <summary>Why a description is rejected. In snake case, the name is the stable code that callers see.</summary>
public enum SdpErrorReason : byte
{
    None,
    TooLarge,
    TooManyLines,
    LineTooLong,
    ControlCharacter,
    /// <summary>A line is not <c>letter=value</c>, or its value breaks the grammar of the letter.</summary>
    MalformedLine,
    /// <summary>The description does not begin with <c>v=0</c>.</summary>
    MissingVersion,
    MissingOrigin,
    TooManyMediaSections,
    DuplicateMid,
    NoMediaSection,
    /// <summary>The BUNDLE group names a mid that no section has.</summary>
    UnknownBundleMid,
    /// <summary>
    /// Several sections are usable and there is no BUNDLE group, or the audio is outside the group. We have only one transport.
    /// </summary>
    BundleRequired,
    RtcpMuxRequired,
    MissingIceCredentials,
    InvalidIceCredentials,
    /// <summary>Both sides are ICE-lite, so nobody would send checks.</summary>
    PeerIsIceLite,
    MissingFingerprint,
    /// <summary>No fingerprint is well-formed and uses SHA-256, SHA-384 or SHA-512.</summary>
    InvalidFingerprint,
    InvalidSetup,
    /// <summary>The offer contains nothing that we support, or audio in a direction that we could not serve.</summary>
    UnsupportedMedia,
    /// <summary>The answer does not match our offer.</summary>
    AnswerMismatch,
}

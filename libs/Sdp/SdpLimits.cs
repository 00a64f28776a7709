namespace Dapr.Voice.Sdp;

/// <summary>
/// What a description may cost us. A browser's largest offer here (audio, video, all codecs) has 8 kB, 220 lines and 3 sections.
/// </summary>
public static class SdpLimits
{
    public const int MaximumCharacters = 64 * 1024;
    public const int MaximumLines = 2048;
    public const int MaximumLineCharacters = 4096;
    public const int MaximumMediaSections = 16;

    /// <summary>Fingerprints kept of an offer; one is the rule, one per hash function is allowed (RFC 8122, section 5).</summary>
    public const int MaximumFingerprints = 8;

    /// <summary>Candidates kept of an answer.</summary>
    public const int MaximumCandidates = 32;
}

namespace Dapr.Voice.Sdp;

/// <summary>
/// Limits of a description. The largest offer of a browser here (audio, video, all codecs) has 8 kB, 220 lines and 3 sections.
/// </summary>
public static class SdpLimits
{
    public const int MaximumCharacters = 64 * 1024;
    public const int MaximumLines = 2048;
    public const int MaximumLineCharacters = 4096;
    public const int MaximumMediaSections = 16;

    /// <summary>
    /// The maximum number of fingerprints that are kept. An offer usually has one; one for each hash function is allowed (RFC 8122, section
    /// 5).
    /// </summary>
    public const int MaximumFingerprints = 8;

    /// <summary>The maximum number of candidates of an answer that are kept.</summary>
    public const int MaximumCandidates = 32;
}

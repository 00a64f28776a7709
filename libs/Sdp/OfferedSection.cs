namespace Dapr.Voice.Sdp;

/// <summary>Why the answer rejects a section (port 0).</summary>
public enum SectionRejection : byte
{
    /// <summary>The section is accepted.</summary>
    None,
    /// <summary>The offer itself rejects the section.</summary>
    RejectedInOffer,
    /// <summary>The section is video, text or image.</summary>
    UnsupportedMediaType,
    /// <summary>An audio section beside the ones for microphone and playback, or a second data channel section.</summary>
    SecondOfItsKind,
    UnsupportedProtocol,
    /// <summary>An audio section without Opus.</summary>
    NoOpus,
    /// <summary>An application section that is not a WebRTC data channel.</summary>
    NoDataChannel,
    /// <summary>The section is outside the BUNDLE group whose transport we use.</summary>
    OutsideBundle,
}

/// <summary>An <c>m=</c> section of an offer, and what the answer does with it.</summary>
/// <param name="Direction">The part of the offered direction that we serve: <see cref="MediaDirection.SendOnly"/> is the client's
/// microphone, <see cref="MediaDirection.RecvOnly"/> plays our audio. Inactive for every section that is not audio.</param>
/// <param name="FirstRtpMap">The rtpmap of the first format, or null if it has none.</param>
public sealed record OfferedSection(
    string MediaType, string? Mid, string Protocol, IReadOnlyList<string> Formats, SectionRejection Rejection, MediaDirection Direction,
    string? FirstRtpMap)
{
    public bool IsAccepted => Rejection == SectionRejection.None;
}

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
    /// <summary>A second audio or application section.</summary>
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
public sealed record OfferedSection(
    string MediaType, string? Mid, string Protocol, IReadOnlyList<string> Formats, SectionRejection Rejection)
{
    public bool IsAccepted => Rejection == SectionRejection.None;
}

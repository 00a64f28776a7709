namespace Dapr.Voice.Sdp;

/// <summary>Why we answer a section with port 0.</summary>
public enum SectionRejection : byte
{
    /// <summary>Not rejected.</summary>
    None,
    /// <summary>The offer has rejected it itself.</summary>
    RejectedInOffer,
    /// <summary>Video, text, image.</summary>
    UnsupportedMediaType,
    /// <summary>A second audio or application section.</summary>
    SecondOfItsKind,
    UnsupportedProtocol,
    /// <summary>Audio without Opus.</summary>
    NoOpus,
    /// <summary>Application, and not a WebRTC data channel.</summary>
    NoDataChannel,
    /// <summary>Outside the BUNDLE group whose transport we use.</summary>
    OutsideBundle,
}

/// <summary>An <c>m=</c> section of an offer and what becomes of it.</summary>
public sealed record OfferedSection(
    string MediaType, string? Mid, string Protocol, IReadOnlyList<string> Formats, SectionRejection Rejection)
{
    public bool IsAccepted => Rejection == SectionRejection.None;
}

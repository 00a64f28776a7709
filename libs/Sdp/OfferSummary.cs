namespace Dapr.Voice.Sdp;

/// <summary>
/// What a readable offer says, as far as it matters to us. The names of the first thirteen are those of <c>OfferFacts</c> in
/// libs/Contracts. It has no password: a lite agent needs none of the peer's.
/// </summary>
public sealed record OfferSummary
{
    public required string IceUfrag { get; init; }

    /// <summary>Normalised, <c>sha-256 AB:CD:…</c>; at least one by SHA-256.</summary>
    public required IReadOnlyList<string> Fingerprints { get; init; }

    /// <summary>The client will send the ClientHello: we answer passive unless it offered passive.</summary>
    public required bool SetupActive { get; init; }

    /// <summary>Null without audio.</summary>
    public string? AudioMid { get; init; }
    public int? OpusPayloadType { get; init; }
    public int? TelephoneEventPayloadType { get; init; }

    /// <summary>The microphone's SSRC if the offer names it.</summary>
    public uint? AudioSsrc { get; init; }
    public bool AudioReceives { get; init; }
    public bool AudioSends { get; init; }
    public int? AudioLevelExtensionId { get; init; }
    public int? MidExtensionId { get; init; }

    /// <summary>Null without a data channel section.</summary>
    public int? SctpPort { get; init; }

    /// <summary>65536 where the offer is silent; 0 means any size.</summary>
    public required long MaxMessageSize { get; init; }

    /// <summary>All sections, in the offer's order.</summary>
    public required IReadOnlyList<OfferedSection> Sections { get; init; }

    /// <summary>The mids of the answer's BUNDLE group, in the order of the offer's; empty if the offer has no group.</summary>
    public required IReadOnlyList<string> BundleMids { get; init; }

    /// <summary>RFC 5506.</summary>
    public bool UsesReducedSizeRtcp { get; init; }

    /// <summary>
    /// The data channel section has the form before RFC 8841, <c>DTLS/SCTP 5000</c> with <c>a=sctpmap</c>, and is answered in kind.
    /// </summary>
    public bool UsesLegacySctpmap { get; init; }
}

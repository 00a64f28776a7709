namespace Dapr.Voice.Sdp;

/// <summary>
/// The parts of a readable offer that we use. The properties from <see cref="IceUfrag"/> to <see cref="MaxMessageSize"/>, without the
/// password, have the names of <c>OfferFacts</c> in libs/Contracts.
/// </summary>
public sealed record OfferSummary
{
    public required string IceUfrag { get; init; }

    /// <summary>For checks of our own, which a lite agent sends to learn whether the caller is where a check came from.</summary>
    public required string IcePassword { get; init; }

    /// <summary>Normalized to <c>sha-256 AB:CD:…</c>, or sha-384 or sha-512. At least one.</summary>
    public required IReadOnlyList<string> Fingerprints { get; init; }

    /// <summary>True if the client will send the ClientHello. Our answer is passive unless the client offered passive.</summary>
    public required bool SetupActive { get; init; }

    /// <summary>
    /// The mid of the microphone's section, or of the section that plays our audio if there is no microphone. Null if the session has no
    /// audio, or if the section has no mid.
    /// </summary>
    public string? AudioMid { get; init; }

    /// <summary>One payload type for both directions. Null if the session has no audio.</summary>
    public int? OpusPayloadType { get; init; }
    public int? TelephoneEventPayloadType { get; init; }

    /// <summary>The SSRC of the microphone, or null if the offer does not name it.</summary>
    public uint? AudioSsrc { get; init; }
    public bool AudioReceives { get; init; }
    public bool AudioSends { get; init; }

    /// <summary>Null if the offer has no data channel section.</summary>
    public int? SctpPort { get; init; }

    /// <summary>65536 if the offer does not say; 0 means any size.</summary>
    public required long MaxMessageSize { get; init; }

    /// <summary>All sections in the order of the offer.</summary>
    public required IReadOnlyList<OfferedSection> Sections { get; init; }

    /// <summary>The mids of the answer's BUNDLE group in the order of the offer. Empty if the offer has no group.</summary>
    public required IReadOnlyList<string> BundleMids { get; init; }

    /// <summary>True if each audio section that we accept has <c>a=rtcp-rsize</c> (RFC 5506).</summary>
    public bool UsesReducedSizeRtcp { get; init; }

    /// <summary>
    /// True if the data channel section has the form before RFC 8841, a port in the m-line with <c>a=sctpmap</c>. The answer then uses the
    /// same form.
    /// </summary>
    public bool UsesLegacySctpmap { get; init; }

    /// <summary>Omits the password, because this text may be logged.</summary>
    public override string ToString() => $"OfferSummary {{ IceUfrag = {IceUfrag} }}";
}

namespace Dapr.Voice.Sdp;

/// <summary>What our answer contains. This is not a record, so that printing it shows no password.</summary>
public sealed class AnswerParameters
{
    /// <summary>Our routing hint: 4 to 256 of the characters A-Z, a-z, 0-9, + and /.</summary>
    public required string IceUfrag { get; init; }

    /// <summary>22 to 256 characters.</summary>
    public required string IcePassword { get; init; }

    /// <summary>In the form <c>sha-256 AB:CD:…</c>.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>
    /// Candidate attribute values, with or without <c>candidate:</c> in front and without a <c>ufrag</c> extension. The list is complete:
    /// no candidate is added later.
    /// </summary>
    public required IReadOnlyList<string> Candidates { get; init; }

    /// <summary>SSRC of our audio.</summary>
    public required uint AudioSsrc { get; init; }
    public required string Cname { get; init; }

    /// <summary>
    /// Not "-". With "-", <c>event.streams[0]</c> is undefined in a browser, and clients of the OpenAI family play that stream.
    /// </summary>
    public required string MsidStream { get; init; }
    public required string MsidTrack { get; init; }

    /// <summary>For the <c>o=</c> line. It is below 2^63 (RFC 9429, section 5.2.1).</summary>
    public required ulong SessionId { get; init; }

    /// <summary>For the <c>o=</c> line: it grows with each new description of the session (RFC 8866, section 5.2).</summary>
    public int SessionVersion { get; init; } = 1;

    /// <summary>If false, a sendrecv offer is answered with recvonly, as WHIP requires (RFC 9725).</summary>
    public bool SendsAudio { get; init; } = true;

    /// <summary>
    /// Asks the client for silence suppression. It saves a third of the packets in digital silence, and none in faint noise.
    /// </summary>
    public bool UsesDtx { get; init; }
    public int SctpPort { get; init; } = OfferAnswer.DefaultSctpPort;

    /// <summary>The largest data channel message that we accept, in bytes.</summary>
    public int MaxMessageSize { get; init; } = 262144;

    internal void Validate()
    {
        if (!IceCharacters.IsUfrag(IceUfrag)) throw new ArgumentException("Not an ICE ufrag.", nameof(IceUfrag));
        if (!IceCharacters.IsPassword(IcePassword)) throw new ArgumentException("Not an ICE password.", nameof(IcePassword));
        if (!FingerprintAttribute.TryNormalize(Fingerprint, out _))
            throw new ArgumentException("The value is not a fingerprint.", nameof(Fingerprint));
        if (MsidStream == "-")
            throw new ArgumentException("The stream must have an id, because clients do not play one without.", nameof(MsidStream));
        OfferAnswer.RequireToken(MsidStream, nameof(MsidStream));
        OfferAnswer.RequireToken(MsidTrack, nameof(MsidTrack));
        OfferAnswer.RequireToken(Cname, nameof(Cname));
        if (Candidates.Any(c => c.Any(char.IsControl) || c.Contains(" ufrag ", StringComparison.Ordinal)))
            throw new ArgumentException("A candidate must have no line ends and no ufrag.", nameof(Candidates));
    }
}

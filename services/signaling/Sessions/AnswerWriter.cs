using System.Diagnostics.CodeAnalysis;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sdp;
using Dapr.Voice.Steering;

namespace Dapr.Voice.Signaling.Sessions;

/// <summary>Reads offers and writes the answers to them: to the first offer of a session, and to those that restart its ICE.</summary>
internal sealed class AnswerWriter(SignalingOptions options)
{
    // RFC 8834, section 4.2 and docs/protocols/realtime.md 3, rule 15: if the stream id is '-', OpenAI clients play nothing.
    private const string MsidStream = "voice", MsidTrack = "agent";

    private readonly IReadOnlyList<string> _candidates =
        [.. options.ParsedIngresses.Select((ingress, index) => ingress.ToCandidate(index))];
    private readonly int _udpIngresses = options.ParsedIngresses.Count(static ingress => !ingress.IsTcp),
        _tcpIngresses = options.ParsedIngresses.Count(static ingress => ingress.IsTcp);

    /// <summary>The facts of our audio, for the record of a new session.</summary>
    /// <param name="fingerprint">The fingerprint of the owner's certificate, in the form of SDP.</param>
    public AnswerFacts FactsOf(SessionId id, uint audioSsrc, string fingerprint)
        => new(audioSsrc, id.ToString(), $"{MsidStream} {MsidTrack}", fingerprint, _udpIngresses, _tcpIngresses);

    /// <param name="field">The name of the offer in the request, for the error.</param>
    public static ApiError? TryRead(string offerSdp, string field, out OfferSummary? offer)
    {
        offer = null;
        return SessionDescription.TryParse(offerSdp, out SessionDescription? description, out SdpError error)
            && OfferAnswer.TryReadOffer(description, out offer, out error) ? null : OfferError(error, field);
    }

    /// <param name="ufrag">A routing hint of the session.</param>
    /// <param name="version">1 for the first answer of a session. It grows with each further one.</param>
    public string Write(OfferSummary offer, string ufrag, AnswerFacts answer, SessionId id, FleetKeys keys, int version)
        => OfferAnswer.CreateAnswer(offer, new AnswerParameters
        {
            IceUfrag = ufrag,
            IcePassword = IcePassword.Derive(keys.PasswordKeys, ufrag),
            Fingerprint = answer.CertificateFingerprint
                ?? throw new InvalidOperationException("The session is of an earlier version, whose records have no fingerprint."),
            Candidates = _candidates,
            AudioSsrc = answer.AudioSsrc,
            Cname = answer.Cname,
            MsidStream = MsidStream,
            MsidTrack = MsidTrack,
            // RFC 9429, section 5.2.1: 64 bits, of which the highest is zero.
            SessionId = id.Value >> 1,
            SessionVersion = version,
        }).ToString();

    /// <summary>The caller gets the parser's reason. It names lines and attributes and never their values.</summary>
    private static ApiError OfferError(SdpError error, string field) => error switch
    {
        { IsTooLarge: true } => ApiError.TooLarge(SessionRequest.MaximumOfferBytes),
        { IsUnsupportedMedia: true } => new ApiError(422, "unsupported_media", $"The offer can't be served: {error}", field),
        _ => ApiError.Invalid("invalid_sdp", $"The offer can't be used: {error}", field),
    };
}

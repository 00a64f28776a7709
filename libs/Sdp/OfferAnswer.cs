using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Dapr.Voice.Sdp;

/// <summary>
/// Offer and answer (RFC 3264, RFC 9429) for the features that we have: one bundled transport, ICE-lite, audio in Opus with one stream in
/// each direction, and one data channel section. The answer contains all our candidates. The offer's candidates are not read, because a
/// lite agent has no checklist.
/// </summary>
public static class OfferAnswer
{
    public const int DefaultSctpPort = 5000;

    private const string AudioOfferMid = "0";
    private const string DataOfferMid = "1";
    private const int OfferedOpusPayloadType = 111;
    private const int DiscardPort = 9;
    private const string NoAddress = "IN IP4 0.0.0.0";

    /// <summary>Reads an offer and decides for each section whether it is accepted.</summary>
    public static bool TryReadOffer(SessionDescription offer, [NotNullWhen(true)] out OfferSummary? summary, out SdpError error)
    {
        summary = null;
        if (offer.Media.Count == 0) return Refuse(out error, SdpErrorReason.NoMediaSection, "The offer has no 'm=' section.");
        if (offer.Attributes.Has("ice-lite"))
            return Refuse(out error, SdpErrorReason.PeerIsIceLite, "Both sides are ice-lite, so nobody would send checks.");

        if (!ServedSections.TryChoose(offer, out ServedSections served, out error)) return false;
        (MediaDescription? audio, MediaDescription? data) = (served.Audio, served.Data);
        if (served.AudioSections.Any(m => !m.Attributes.Has("rtcp-mux")))
            return Refuse(out error, SdpErrorReason.RtcpMuxRequired, "The audio section has no 'rtcp-mux'.");
        if (audio is not null && served.OpusPayloadType is null)
        {
            return Refuse(out error, SdpErrorReason.UnsupportedMedia,
                "The two audio sections have no payload type in common that is opus/48000/2 in both.");
        }
        MediaDescription section = TransportSection(offer, served.Bundle, served.All);
        if (!TransportAttributes.TryRead(offer, section, out TransportAttributes? transport, out error)) return false;

        summary = new OfferSummary
        {
            IceUfrag = transport.IceUfrag,
            IcePassword = transport.IcePassword,
            Fingerprints = transport.Fingerprints,
            SetupActive = transport.Setup != SetupRole.Passive,
            AudioMid = audio?.Mid,
            OpusPayloadType = served.OpusPayloadType,
            TelephoneEventPayloadType = audio is null ? null : AudioSection.FindTelephoneEvent(audio),
            AudioSsrc = audio is null ? null : AudioSection.FindSsrc(audio),
            AudioReceives = served.Playback is not null,
            AudioSends = served.Microphone is not null,
            SctpPort = data is null ? null : DataChannelSection.ReadPort(data),
            MaxMessageSize = data is null ? DataChannelSection.DefaultMaxMessageSize : DataChannelSection.ReadMaxMessageSize(data),
            Sections = [.. offer.Media.Select((m, i) =>
                new OfferedSection(m.MediaType, m.Mid, m.Protocol, m.Formats, served.Rejections[i], served.DirectionOf(m),
                AudioSection.FirstRtpMap(m)))],
            BundleMids = served.Bundle is null ? [] : [.. served.Bundle.Where(mid => served.All.Any(m => m.Mid == mid))],
            UsesReducedSizeRtcp = served.AudioSections.All(m => m.Attributes.Has("rtcp-rsize")),
            UsesLegacySctpmap = data is not null && DataChannelSection.IsLegacy(data),
        };
        return true;
    }

    /// <summary>Creates the answer. It has the sections of the offer in the same order.</summary>
    public static SessionDescription CreateAnswer(OfferSummary offer, AnswerParameters parameters)
    {
        parameters.Validate();
        var session = new List<SdpAttribute>();
        if (offer.BundleMids.Count > 0) session.Add(new("group", $"BUNDLE {string.Join(' ', offer.BundleMids)}"));
        session.Add(new("ice-lite"));
        session.Add(new("msid-semantic", " WMS *"));

        // The candidates are written once, in the section whose transport the bundle uses (RFC 9143, section 7.3).
        OfferedSection tagged = offer.Sections.First(s => s.IsAccepted && (offer.BundleMids.Count == 0 || s.Mid == offer.BundleMids[0]));
        return new SessionDescription
        {
            Origin = Origin.Create(parameters.SessionId, parameters.SessionVersion),
            Attributes = session,
            Media = [.. offer.Sections.Select(section => AnswerSection(offer, section, section == tagged, parameters))],
        };
    }

    /// <summary>
    /// Creates an offer for our own caller: max-bundle, actpass, audio in both directions and a data channel. It has no candidates, because
    /// a lite server needs none.
    /// </summary>
    public static SessionDescription CreateOffer(OfferParameters parameters)
    {
        RequireToken(parameters.MsidStream, nameof(parameters.MsidStream));
        RequireToken(parameters.MsidTrack, nameof(parameters.MsidTrack));
        RequireToken(parameters.Cname, nameof(parameters.Cname));
        SdpAttribute[] transport =
        [
            new("ice-ufrag", parameters.IceUfrag),
            new("ice-pwd", parameters.IcePassword),
            new("fingerprint", parameters.Fingerprint),
            new("setup", "actpass"),
        ];
        return new SessionDescription
        {
            Origin = Origin.Create(parameters.SessionId),
            Attributes = [new("group", $"BUNDLE {AudioOfferMid} {DataOfferMid}"), new("msid-semantic", " WMS *")],
            Media =
            [
                new MediaDescription
                {
                    MediaType = "audio",
                    Port = DiscardPort,
                    Protocol = "UDP/TLS/RTP/SAVPF",
                    Formats = [Text(OfferedOpusPayloadType)],
                    Connection = NoAddress,
                    Attributes =
                    [
                        new("mid", AudioOfferMid), new("sendrecv"), .. transport, new("rtcp-mux"), new("rtcp-rsize"),
                        .. Opus(OfferedOpusPayloadType, usesDtx: false),
                        .. Stream(parameters.MsidStream, parameters.MsidTrack, parameters.AudioSsrc, parameters.Cname),
                    ],
                },
                new MediaDescription
                {
                    MediaType = "application",
                    Port = DiscardPort,
                    Protocol = "UDP/DTLS/SCTP",
                    Formats = ["webrtc-datachannel"],
                    Connection = NoAddress,
                    Attributes = [new("mid", DataOfferMid), .. transport, new("sctp-port", Text(DefaultSctpPort)),
                        new("max-message-size", Text(parameters.MaxMessageSize))],
                },
            ],
        };
    }

    /// <summary>Reads the answer to an offer of <see cref="CreateOffer"/>.</summary>
    public static bool TryReadAnswer(SessionDescription answer, [NotNullWhen(true)] out AnswerSummary? summary, out SdpError error)
    {
        summary = null;
        if (answer.Media.Count != 2 || answer.Media[0].MediaType != "audio" || answer.Media[1].MediaType != "application")
            return Refuse(out error, SdpErrorReason.AnswerMismatch, "The answer should have the offer's two sections.");
        if (answer.Media[0].Mid is { } audioMid && audioMid != AudioOfferMid
            || answer.Media[1].Mid is { } dataMid && dataMid != DataOfferMid)
            return Refuse(out error, SdpErrorReason.AnswerMismatch, "The answer should have the offer's mids.");
        MediaDescription? audio = answer.Media[0].Port == 0 ? null : answer.Media[0];
        MediaDescription? data = answer.Media[1].Port == 0 ? null : answer.Media[1];
        if (audio is null && data is null) return Refuse(out error, SdpErrorReason.UnsupportedMedia, "The answer rejects everything.");
        if (!BundleGroup.TryRead(answer, audio?.Mid, out IReadOnlyList<string>? bundle, out error)) return false;
        if (audio is not null && data is not null && bundle is null)
            return Refuse(out error, SdpErrorReason.BundleRequired, "The answer has two sections and no BUNDLE group.");

        int? opus = audio is null ? null : AudioSection.FindOpus(audio).Cast<int?>().FirstOrDefault();
        if (audio is not null && opus is null) return Refuse(out error, SdpErrorReason.UnsupportedMedia, "The answer's audio is not Opus.");
        MediaDescription section = TransportSection(answer, bundle, answer.Media.Where(m => m.Port != 0));
        if (!TransportAttributes.TryRead(answer, section, out TransportAttributes? transport, out error)) return false;
        if (transport.Setup is not (SetupRole.Active or SetupRole.Passive))
            return Refuse(out error, SdpErrorReason.InvalidSetup, "The answer's 'setup' should be active or passive.");

        MediaDirection direction = audio is null ? MediaDirection.Inactive : MediaDirections.Of(answer, audio);
        long maxMessageSize = data is null ? DataChannelSection.DefaultMaxMessageSize : DataChannelSection.ReadMaxMessageSize(data);
        summary = new AnswerSummary
        {
            IceUfrag = transport.IceUfrag,
            IcePassword = transport.IcePassword,
            IsIceLite = answer.Attributes.Has("ice-lite"),
            Fingerprints = transport.Fingerprints,
            SetupActive = transport.Setup == SetupRole.Active,
            Candidates = [.. ReadCandidates(answer)],
            OpusPayloadType = opus,
            AudioSsrc = audio is null ? null : AudioSection.FindSsrc(audio),
            AudioReceives = direction.HasFlag(MediaDirection.RecvOnly),
            AudioSends = direction.HasFlag(MediaDirection.SendOnly),
            SctpPort = data is null ? null : DataChannelSection.ReadPort(data),
            MaxMessageSize = maxMessageSize == 0 ? long.MaxValue : maxMessageSize,
        };
        return true;
    }

    /// <summary>Throws if the text would break a line or a field of the description.</summary>
    internal static void RequireToken(string text, string name)
    {
        if (text.Length == 0 || text.Any(c => c <= ' ' || c > '~'))
            throw new ArgumentException("The value must be visible ASCII without spaces.", name);
    }

    /// <summary>
    /// Returns the section whose ICE and DTLS attributes count for the bundle. That is the first accepted section in the order of the group
    /// that has such attributes (aiortc writes different ones into each section). Otherwise it is the first section of the group that has
    /// them; we may reject that section.
    /// </summary>
    private static MediaDescription TransportSection(
        SessionDescription description, IReadOnlyList<string>? bundle, IEnumerable<MediaDescription> accepted)
    {
        if (bundle is null) return accepted.First();
        var members = bundle.Select(mid => description.Media.First(m => m.Mid == mid)).ToList();
        return members.Find(m => accepted.Contains(m) && m.Attributes.Has("ice-ufrag"))
            ?? members.Find(m => m.Attributes.Has("ice-ufrag")) ?? accepted.First();
    }

    private static MediaDescription AnswerSection(OfferSummary offer, OfferedSection section, bool isTagged, AnswerParameters parameters)
    {
        var attributes = new List<SdpAttribute>();
        if (section.Mid is not null) attributes.Add(new("mid", section.Mid));
        bool isAudio = section.MediaType == "audio";
        MediaDirection direction = section.IsAccepted ? AnswerDirection(section, parameters) : MediaDirection.Inactive;
        if (isAudio || !section.IsAccepted) attributes.Add(new(direction.ToAttributeName()));
        attributes.Add(new("ice-ufrag", parameters.IceUfrag));
        attributes.Add(new("ice-pwd", parameters.IcePassword));
        attributes.Add(new("fingerprint", parameters.Fingerprint));
        // Our answer is passive if the offer allows it. If we sent the ClientHello before the browser can send, the set-up would take a
        // second longer.
        attributes.Add(new("setup", offer.SetupActive ? "passive" : "active"));
        if (!section.IsAccepted) return RejectedSection(section, attributes);
        if (isTagged)
        {
            foreach (string candidate in parameters.Candidates)
                attributes.Add(
                    new("candidate", candidate.StartsWith("candidate:", StringComparison.Ordinal) ? candidate["candidate:".Length..]
                    : candidate));
            attributes.Add(new("end-of-candidates"));
        }
        if (!isAudio)
        {
            attributes.Add(offer.UsesLegacySctpmap
                ? new("sctpmap", $"{Text(parameters.SctpPort)} webrtc-datachannel 65535")
                : new("sctp-port", Text(parameters.SctpPort)));
            attributes.Add(new("max-message-size", Text(parameters.MaxMessageSize)));
            return Section(section, DiscardPort, [offer.UsesLegacySctpmap ? Text(parameters.SctpPort) : "webrtc-datachannel"], attributes);
        }

        // rtcp-mux-only belongs only in offers (RFC 8858, section 4.3).
        attributes.Add(new("rtcp-mux"));
        if (offer.UsesReducedSizeRtcp) attributes.Add(new("rtcp-rsize"));
        var formats = new List<string> { Text(offer.OpusPayloadType!.Value) };
        attributes.AddRange(Opus(offer.OpusPayloadType.Value, parameters.UsesDtx));
        if (offer.TelephoneEventPayloadType is { } telephoneEvent && direction.HasFlag(MediaDirection.RecvOnly))
        {
            formats.Add(Text(telephoneEvent));
            attributes.Add(new("rtpmap", $"{telephoneEvent} telephone-event/48000"));
        }
        if (direction.HasFlag(MediaDirection.SendOnly))
            attributes.AddRange(Stream(parameters.MsidStream, parameters.MsidTrack, parameters.AudioSsrc, parameters.Cname));
        return Section(section, DiscardPort, formats, attributes);
    }

    /// <summary>
    /// Port 0 is enough for RFC 3264, but many stacks read a rejected section like any other. GStreamer and aiortc miss the transport. pion
    /// fails at a format without rtpmap, and pion and werift at a section with none of their own formats. 0 needs no rtpmap.
    /// </summary>
    private static MediaDescription RejectedSection(OfferedSection section, List<SdpAttribute> attributes)
    {
        if (!AudioSection.IsRtp(section.Protocol)) return Section(section, 0, section.Formats, attributes);
        attributes.Add(new("rtcp-mux"));
        if (section.FirstRtpMap is null) return Section(section, 0, ["0"], attributes);
        attributes.Add(new("rtpmap", section.FirstRtpMap));
        return Section(section, 0, [section.Formats[0]], attributes);
    }

    private static MediaDescription Section(
        OfferedSection section, int port, IReadOnlyList<string> formats, IReadOnlyList<SdpAttribute> attributes)
        => new() { MediaType = section.MediaType, Port = port, Protocol = section.Protocol, Formats = formats, Connection = NoAddress,
        Attributes = attributes };

    private static MediaDirection AnswerDirection(OfferedSection section, AnswerParameters parameters)
        => (section.Direction.HasFlag(MediaDirection.RecvOnly) && parameters.SendsAudio ? MediaDirection.SendOnly : MediaDirection.Inactive)
            | (section.Direction.HasFlag(MediaDirection.SendOnly) ? MediaDirection.RecvOnly : MediaDirection.Inactive);

    private static SdpAttribute[] Opus(int payloadType, bool usesDtx) =>
    [
        new("rtpmap", $"{Text(payloadType)} opus/48000/2"),
        // There is no stereo and no sprop-stereo: the audio is mono in both directions (RFC 7587, section 6.1).
        new("fmtp", $"{Text(payloadType)} minptime=10;useinbandfec=1{(usesDtx ? ";usedtx=1" : "")}"),
        new("ptime", "20"),
    ];

    private static SdpAttribute[] Stream(string stream, string track, uint ssrc, string cname) =>
    [
        new("msid", $"{stream} {track}"),
        new("ssrc", string.Create(CultureInfo.InvariantCulture, $"{ssrc} cname:{cname}")),
    ];

    private static IEnumerable<string> ReadCandidates(SessionDescription answer)
        => answer.Attributes.FindAll("candidate")
        .Concat(answer.Media.Where(m => m.Port != 0).SelectMany(m => m.Attributes.FindAll("candidate")))
            .Take(SdpLimits.MaximumCandidates).Select(value => "candidate:" + value);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static bool Refuse(out SdpError error, SdpErrorReason reason, string message)
    {
        error = new SdpError(reason, message);
        return false;
    }
}

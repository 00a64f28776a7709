namespace Dapr.Voice.Sdp;

/// <summary>
/// The sections of an offer that we serve: at most one data channel section, and for each direction of the audio at most one section. Most
/// offers have one audio section for both directions. Some have one section for the microphone and one that plays our audio.
/// </summary>
internal sealed class ServedSections
{
    private readonly SessionDescription _offer;

    private ServedSections(SessionDescription offer)
    {
        _offer = offer;
        Rejections = new SectionRejection[offer.Media.Count];
    }

    /// <summary>For each section of the offer why it is not served, or <see cref="SectionRejection.None"/>.</summary>
    public SectionRejection[] Rejections { get; }

    /// <summary>The mids of the BUNDLE group that the served sections belong to, or null if no group names one of them.</summary>
    public IReadOnlyList<string>? Bundle { get; private set; }

    /// <summary>The section in which the client sends audio. Null if it sends none.</summary>
    public MediaDescription? Microphone { get; private set; }

    /// <summary>The section in which the client receives audio. Null if it receives none.</summary>
    public MediaDescription? Playback { get; private set; }

    /// <summary>The section that describes the audio. Null if no audio is served; not null for an inactive section.</summary>
    public MediaDescription? Audio { get; private set; }
    public MediaDescription? Data { get; private set; }

    /// <summary>All served sections in the order of the offer.</summary>
    public IEnumerable<MediaDescription> All => _offer.Media.Where((_, i) => Rejections[i] == SectionRejection.None);

    /// <summary>The served audio sections: none, one or two.</summary>
    public IEnumerable<MediaDescription> AudioSections => Usable("audio");

    /// <summary>The first payload type that is Opus in all served audio sections, because we use one for both directions.</summary>
    public int? OpusPayloadType => Audio is null ? null
        : AudioSection.FindOpus(Audio).Intersect(AudioSection.FindOpus(Playback ?? Audio)).Cast<int?>().FirstOrDefault();

    /// <summary>The part of the section's direction that is served.</summary>
    public MediaDirection DirectionOf(MediaDescription media)
        => (media == Microphone ? MediaDirection.SendOnly : MediaDirection.Inactive)
            | (media == Playback ? MediaDirection.RecvOnly : MediaDirection.Inactive);

    /// <summary>
    /// Chooses the sections. It fails if the offer has audio in a direction that no section can serve: a caller whose microphone we reject
    /// would otherwise talk to nobody and not know why.
    /// </summary>
    public static bool TryChoose(SessionDescription offer, out ServedSections sections, out SdpError error)
    {
        sections = new ServedSections(offer);
        return sections.TryChoose(out error);
    }

    private bool TryChoose(out SdpError error)
    {
        for (int i = 0; i < Rejections.Length; i++) Rejections[i] = Judge(_offer.Media[i]);
        string? wantedMid = (Usable("audio").FirstOrDefault() ?? Usable("application").FirstOrDefault())?.Mid;
        if (!BundleGroup.TryRead(_offer, wantedMid, out IReadOnlyList<string>? bundle, out error)) return false;
        // A group of sections that we reject anyway says nothing about a single section outside it.
        if (bundle is not null && All.Any(m => IsMember(m, bundle)))
        {
            Bundle = bundle;
            Reject(m => !IsMember(m, bundle), SectionRejection.OutsideBundle);
        }

        Microphone = Usable("audio").Where(m => Offers(m, MediaDirection.SendOnly)).MaxBy(m => AudioSection.NamesSource(m));
        Playback = Microphone is not null && Offers(Microphone, MediaDirection.RecvOnly) ? Microphone
            : Usable("audio").FirstOrDefault(m => Offers(m, MediaDirection.RecvOnly));
        Audio = Microphone ?? Playback ?? Usable("audio").FirstOrDefault();
        Data = Usable("application").FirstOrDefault();
        Reject(m => m != Audio && m != Playback && m != Data, SectionRejection.SecondOfItsKind);
        return CheckNothingIsMissing(out error);
    }

    private bool CheckNothingIsMissing(out SdpError error)
    {
        MediaDescription[] audio = [.. _offer.Media.Where(m => m.MediaType == "audio" && IsOffered(m))];
        bool isAudioMissing = (audio.Length > 0 && Audio is null)
            || (Microphone is null && audio.Any(m => Offers(m, MediaDirection.SendOnly)))
            || (Playback is null && audio.Any(m => Offers(m, MediaDirection.RecvOnly)));
        error = default;
        if (Bundle is null && All.Skip(1).Any())
            error = new(SdpErrorReason.BundleRequired, "The offer has several sections and no BUNDLE group.");
        else if ((isAudioMissing || (Audio is null && Data is null)) && Rejections.Contains(SectionRejection.OutsideBundle))
            error = new(SdpErrorReason.BundleRequired, "A section that is needed has no mid, or its mid is not in the BUNDLE group.");
        else if (isAudioMissing)
            error = new(SdpErrorReason.UnsupportedMedia, WhyAudioIsMissing());
        else if (Audio is null && Data is null)
            error = new(SdpErrorReason.UnsupportedMedia, "The offer has neither audio nor a data channel that could be served.");
        return error.Reason == SdpErrorReason.None;
    }

    private string WhyAudioIsMissing() => (Audio, Microphone) switch
    {
        (null, _) when !Rejections.Contains(SectionRejection.NoOpus)
            => "The profile of the offer's audio is none of those of RFC 9429, section 5.1.2.",
        (null, _) => "The offer's audio has no usable opus/48000/2; PCMU and PCMA are not implemented.",
        (_, null) => "The audio section that sends can't be served: it has no usable opus/48000/2, or an unknown profile.",
        _ => "The audio section that receives can't be served: it has no usable opus/48000/2, or an unknown profile.",
    };

    private static SectionRejection Judge(MediaDescription media) => !IsOffered(media) ? SectionRejection.RejectedInOffer
        : media.MediaType switch
        {
            "audio" when !AudioSection.IsKnownProtocol(media.Protocol) => SectionRejection.UnsupportedProtocol,
            "audio" when !AudioSection.FindOpus(media).Any() => SectionRejection.NoOpus,
            "audio" => SectionRejection.None,
            "application" when !DataChannelSection.IsKnownProtocol(media.Protocol) => SectionRejection.UnsupportedProtocol,
            "application" when DataChannelSection.ReadPort(media) is null => SectionRejection.NoDataChannel,
            "application" => SectionRejection.None,
            _ => SectionRejection.UnsupportedMediaType,
        };

    // Port 0 rejects a section, unless the section is bundle-only and has no port of its own (RFC 9143, section 6).
    private static bool IsOffered(MediaDescription media) => media.Port != 0 || media.Attributes.Has("bundle-only");

    private static bool IsMember(MediaDescription media, IReadOnlyList<string> bundle) => media.Mid is { } mid && bundle.Contains(mid);

    private bool Offers(MediaDescription media, MediaDirection direction) => MediaDirections.Of(_offer, media).HasFlag(direction);

    private IEnumerable<MediaDescription> Usable(string mediaType) => All.Where(m => m.MediaType == mediaType);

    private void Reject(Func<MediaDescription, bool> isRejected, SectionRejection reason)
    {
        for (int i = 0; i < Rejections.Length; i++)
        {
            if (Rejections[i] == SectionRejection.None && isRejected(_offer.Media[i])) Rejections[i] = reason;
        }
    }
}

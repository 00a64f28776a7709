using Dapr.Voice.Sdp;
using Dapr.Voice.TestKit;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Sdp;

/// <summary>Offers of the shapes that other stacks send. Each is answered as its row says, or refused for the reason in its row.</summary>
public sealed class SdpVectorTests
{
    private const string One = "audio=sendrecv", Two = "audio=sendrecv application";

    /// <summary>The name of the file, and the sections of our answer, or the code of the refusal.</summary>
    public static TheoryData<string, string> Vectors => new()
    {
        { "esp-peer", Two },
        { "libpeer", Two },
        { "sipsorcery", Two },
        { "gstreamer", Two },
        { "profile-rtp-avp", One },
        { "profile-rtp-avpf", One },
        { "profile-rtp-savp", One },
        { "profile-rtp-savpf", One },
        { "profile-tcp-dtls-rtp-savp", One },
        { "profile-tcp-dtls-rtp-savpf", One },
        { "profile-tcp-tls-rtp-savpf", One },
        { "profile-udp-tls-rtp-savp", One },
        { "rejected-video", "audio=sendrecv video=0 application" },
        { "one-section-without-mid", One },
        { "one-section-without-bundle", One },
        { "one-data-section-without-mid", "application" },
        { "audio-without-mid-beside-rejected-video", "audio=sendrecv video=0" },
        { "two-sections-without-mid", "bundle_required" },
        { "two-sections-without-bundle", "bundle_required" },
        { "bundle-group-empty", One },
        { "bundle-group-empty-without-mid", One },
        { "bundle-group-empty-two-sections", "bundle_required" },
        { "bundle-group-of-video-alone", "audio=sendrecv video=0" },
        { "empty-user", Two },
        { "no-user", Two },
        { "byte-order-mark", Two },
        { "trailing-spaces", Two },
        { "line-ends-lf", Two },
        { "data-channel-without-port", Two },
        { "fingerprint-sha-384-alone", Two },
        { "fingerprint-sha-512-alone", Two },
        { "fingerprint-sha-1-alone", "invalid_fingerprint" },
        { "fingerprints-of-three-hashes", Two },
        { "audio-in-two-sections", "audio=recvonly audio=sendonly application" },
        { "audio-in-two-sections-playback-first", "audio=sendonly audio=recvonly application" },
        { "audio-in-two-sections-without-bundle", "bundle_required" },
        { "audio-in-two-sections-of-other-payload-types", "unsupported_media" },
        { "audio-inactive-then-sendrecv", "audio=0 audio=sendrecv" },
        { "audio-recvonly-then-sendrecv", "audio=0 audio=sendrecv" },
        { "audio-sendrecv-without-track-then-sendonly", "audio=sendonly audio=recvonly" },
        { "audio-two-microphones", "audio=sendrecv audio=0" },
        { "audio-microphone-without-opus", "unsupported_media" },
        { "audio-playback-without-opus", "unsupported_media" },
        { "audio-microphone-outside-bundle", "bundle_required" },
    };

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Offer_OfAnotherStack_IsAnsweredOrRefusedWithItsReason(string name, string expected)
        => Assert.Equal(expected, Answer(SdpVectors.Text(name)));

    [Fact]
    public void Vectors_EachFile_HasARowHereAndInTheReadme()
    {
        string readme = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Vectors", "sdp", "README.md"));
        Assert.Equal(SdpVectors.Names, Vectors.Select(row => (string)row[0]).Order());
        Assert.All(SdpVectors.Names, name => Assert.Contains($"`{name}`", readme));
    }

    [Fact]
    public void Answer_ToARejectedSection_HasItsTransportAndOneOfItsFormats()
    {
        // Many stacks read a rejected section like any other (docs/protocols/realtime.md 3, rule 1).
        string answer = Offers.Answer(SdpVectors.Text("rejected-video"));
        Assert.Equal(
            ["m=video 0 UDP/TLS/RTP/SAVPF 96", "c=IN IP4 0.0.0.0", "a=mid:1", "a=inactive", .. Offers.Section(answer, 0)
                .Where(l => l.StartsWith("a=ice-", StringComparison.Ordinal) || l.StartsWith("a=fingerprint:", StringComparison.Ordinal)),
                "a=setup:passive", "a=rtcp-mux", "a=rtpmap:96 VP8/90000"],
            Offers.Section(answer, 1));
    }

    [Fact]
    public void Answer_ToARejectedSectionOfAStaticFormat_NamesOnlyFormat0()
    {
        string offer = SdpVectors.Text("rejected-video").Replace("a=rtpmap:96 VP8/90000\r\n", "", StringComparison.Ordinal);
        Assert.Equal("m=video 0 UDP/TLS/RTP/SAVPF 0", Offers.Section(Offers.Answer(offer), 1)[0]);
    }

    [Theory]
    [InlineData("fingerprint-sha-384-alone", "sha-384")]
    [InlineData("fingerprint-sha-512-alone", "sha-512")]
    public void Fingerprint_OfAStrongHashAlone_IsWhatTheOwnerHasToMatch(string name, string algorithm)
        => Assert.StartsWith(algorithm + " 0B:30:55:", Assert.Single(Offers.Read(SdpVectors.Text(name)).Fingerprints));

    [Fact]
    public void AudioInTwoSections_Answer_HasTheStreamOnlyWhereWeSend()
    {
        OfferSummary summary = Offers.Read(SdpVectors.Text("audio-in-two-sections"));
        Assert.Equal((true, true, "0", 1048u), (summary.AudioSends, summary.AudioReceives, summary.AudioMid, summary.AudioSsrc));
        string answer = Offers.Answer(SdpVectors.Text("audio-in-two-sections"));
        Assert.DoesNotContain(Offers.Section(answer, 0), line => line.StartsWith("a=msid", StringComparison.Ordinal));
        Assert.Contains("a=msid:voice agent", Offers.Section(answer, 1));
        Assert.Contains("a=group:BUNDLE 0 1 2", Offers.SessionLines(answer));
    }

    /// <summary>The sections of the answer, each with its direction, or with 0 if it is rejected. Or the code of the refusal.</summary>
    private static string Answer(string text)
    {
        if (!SessionDescription.TryParse(text, out SessionDescription? offer, out SdpError error)
            || !OfferAnswer.TryReadOffer(offer, out OfferSummary? summary, out error)) return error.Code;
        SessionDescription answer = OfferAnswer.CreateAnswer(summary, Offers.Parameters);
        Assert.Equal(offer.Media.Select(m => (m.MediaType, m.Protocol, m.Mid)), answer.Media.Select(m => (m.MediaType, m.Protocol, m.Mid)));
        return string.Join(' ', answer.Media.Select(Describe));
    }

    private static string Describe(MediaDescription media)
    {
        if (media.Port == 0) return media.MediaType + "=0";
        return media.Attributes.Select(a => a.Name).FirstOrDefault(name => name is "sendrecv" or "sendonly" or "recvonly" or "inactive")
            is { } direction ? $"{media.MediaType}={direction}" : media.MediaType;
    }
}

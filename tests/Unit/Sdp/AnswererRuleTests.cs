using System.Text.RegularExpressions;
using Dapr.Voice.Sdp;
using Dapr.Voice.TestKit;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Sdp;

/// <summary>The eighteen rules for the answerer of docs/protocols/realtime.md 3, by their numbers.</summary>
public sealed class AnswererRuleTests
{
    [Fact]
    public void Rule01_SectionsAndMids_AreThoseOfTheOfferInItsOrder()
    {
        string answer = Offers.Answer(Offers.WithVideo);
        Assert.StartsWith("m=audio 9 UDP/TLS/RTP/SAVPF 111", Offers.Section(answer, 0)[0]);
        Assert.Equal("m=video 0 UDP/TLS/RTP/SAVPF 97", Offers.Section(answer, 1)[0]);
        Assert.Equal("m=audio 0 UDP/TLS/RTP/SAVPF 111", Offers.Section(answer, 2)[0]);
        Assert.Equal("m=application 9 UDP/DTLS/SCTP webrtc-datachannel", Offers.Section(answer, 3)[0]);
        Assert.Equal(4, Regex.Count(answer, "(?m)^m="));
        Assert.Equal(["a=mid:0", "a=mid:v", "a=mid:a2", "a=mid:1"],
            Enumerable.Range(0, 4).Select(i => Offers.Section(answer, i).Single(l => l.StartsWith("a=mid", StringComparison.Ordinal))));
        string[] rejected = Offers.Section(answer, 1);
        Assert.Equal(["m=video 0 UDP/TLS/RTP/SAVPF 97", "c=IN IP4 0.0.0.0", "a=mid:v", "a=inactive"], rejected[..4]);
        Assert.Equal(["a=rtcp-mux", "a=rtpmap:97 VP8/90000"], rejected[^2..]);
        Assert.Contains("a=group:BUNDLE 0 1", Offers.SessionLines(answer));
    }

    [Fact]
    public void Rule01_EachRejectedSection_SaysWhy()
        => Assert.Equal(
            [SectionRejection.None, SectionRejection.UnsupportedMediaType, SectionRejection.SecondOfItsKind, SectionRejection.None],
            Offers.Read(Offers.WithVideo).Sections.Select(s => s.Rejection));

    [Fact]
    public void Rule01_SectionRejectedInTheOffer_StaysRejected()
    {
        OfferSummary summary = Offers.Read(Offers.Chromium.Replace("m=application 9", "m=application 0", StringComparison.Ordinal));
        Assert.Equal(SectionRejection.RejectedInOffer, summary.Sections[1].Rejection);
        Assert.Null(summary.SctpPort);
        Assert.Equal(["0"], summary.BundleMids);
    }

    [Fact]
    public void Rule01_BundleOnlySectionWithPortZero_IsOffered()
    {
        OfferSummary summary = Offers.Read(Offers.Chromium.Replace("m=application 9", "m=application 0", StringComparison.Ordinal)
            .Replace("a=sctp-port:5000", "a=bundle-only\r\na=sctp-port:5000", StringComparison.Ordinal));
        Assert.Equal(5000, summary.SctpPort);
    }

    [Fact]
    public void Rule02_Bundle_HasTheAcceptedMidsInTheOffersOrder()
    {
        string answer = Offers.Answer(Offers.WithVideo.Replace("BUNDLE 0 v a2 1", "BUNDLE v 1 a2 0", StringComparison.Ordinal));
        Assert.Contains("a=group:BUNDLE 1 0", Offers.SessionLines(answer));
        // The tagged section carries the candidates.
        Assert.DoesNotContain(Offers.Section(answer, 0), l => l.StartsWith("a=candidate", StringComparison.Ordinal));
        Assert.Equal(2, Offers.Section(answer, 3).Count(l => l.StartsWith("a=candidate", StringComparison.Ordinal)));
    }

    [Fact]
    public void Rule02_CredentialsDifferPerSection_TheTaggedSectionCounts()
    {
        Assert.Equal("aUdi", Offers.Read(Offers.Aiortc).IceUfrag);
        Assert.Equal("dAta", Offers.Read(Offers.Aiortc.Replace("BUNDLE 0 1", "BUNDLE 1 0", StringComparison.Ordinal)).IceUfrag);
    }

    [Fact]
    public void Rule02_CredentialsOnlyInARejectedTaggedSection_CountAsWell()
    {
        string offer = Offers.WithVideo.Replace("BUNDLE 0 v a2 1", "BUNDLE v 0 1 a2", StringComparison.Ordinal);
        string[] parts = offer.Split("\r\nm=");
        for (int i = 1; i < parts.Length; i++)
        {
            if (!parts[i].StartsWith("video", StringComparison.Ordinal))
                parts[i] = Regex.Replace(parts[i], "\r\na=(ice-ufrag|ice-pwd|fingerprint|setup):[^\r]*", "");
        }
        Assert.Equal("Kx/5", Offers.Read(string.Join("\r\nm=", parts)).IceUfrag);
    }

    [Fact]
    public void Rule02_NoBundleGroup_OnlyASingleSectionIsAccepted()
    {
        Assert.Equal(SdpErrorReason.BundleRequired, Offers.Refusal(Without(Offers.Chromium, "a=group:")));
        string answer = Offers.Answer(Without(Offers.AudioOnly, "a=group:"));
        Assert.DoesNotContain("BUNDLE", answer);
        Assert.Contains("a=end-of-candidates", Offers.Section(answer, 0));
    }

    [Fact]
    public void Rule02_BundleNamesAnUnknownMid_IsRefused()
        => Assert.Equal(SdpErrorReason.UnknownBundleMid, Offers.Refusal(
        Offers.Chromium.Replace("BUNDLE 0 1", "BUNDLE 0 1 7", StringComparison.Ordinal)));

    [Fact]
    public void Rule02_SectionsOutsideTheBundle_AreNotServed()
    {
        OfferSummary summary = Offers.Read(Offers.Chromium.Replace("BUNDLE 0 1", "BUNDLE 0", StringComparison.Ordinal));
        Assert.Equal(SectionRejection.OutsideBundle, summary.Sections[1].Rejection);
        Assert.Null(summary.SctpPort);
        Assert.Equal(SdpErrorReason.BundleRequired, Offers.Refusal(
            Offers.Chromium.Replace("BUNDLE 0 1", "BUNDLE 1", StringComparison.Ordinal)));
    }

    [Fact]
    public void Rule03_RtcpMux_IsRequiredAndEchoed()
    {
        Assert.Equal(SdpErrorReason.RtcpMuxRequired, Offers.Refusal(Without(Offers.Chromium, "a=rtcp-mux")));
        string offer = Offers.Chromium.Replace("a=rtcp-mux", "a=rtcp-mux\r\na=rtcp-mux-only", StringComparison.Ordinal);
        string[] audio = Offers.Section(Offers.Answer(offer), 0);
        Assert.Contains("a=rtcp-mux", audio);
        Assert.Contains("a=rtcp-rsize", audio);
        // RFC 8858, section 4.3: the answerer must not.
        Assert.DoesNotContain("a=rtcp-mux-only", audio);
        Assert.DoesNotContain("a=rtcp-rsize", Offers.Answer(Without(Offers.Chromium, "a=rtcp-rsize")));
    }

    [Theory]
    [InlineData("UDP/TLS/RTP/SAVPF", true)]
    [InlineData("UDP/TLS/RTP/SAVP", true)]
    [InlineData("TCP/DTLS/RTP/SAVPF", true)]
    [InlineData("TCP/DTLS/RTP/SAVP", true)]
    [InlineData("TCP/TLS/RTP/SAVPF", true)]
    [InlineData("TCP/TLS/RTP/SAVP", true)]
    [InlineData("RTP/SAVPF", true)]
    [InlineData("RTP/SAVP", true)]
    [InlineData("RTP/AVPF", true)]
    [InlineData("RTP/AVP", true)]
    [InlineData("TCP/RTP/AVP", false)]
    [InlineData("udptl", false)]
    public void Rule04_Profile_IsEchoedIfKnown(string profile, bool isKnown)
    {
        string offer = Offers.Chromium.Replace("UDP/TLS/RTP/SAVPF", profile, StringComparison.Ordinal);
        Assert.Equal(isKnown ? SdpErrorReason.None : SdpErrorReason.UnsupportedMedia, Offers.Refusal(offer));
        if (isKnown) Assert.StartsWith($"m=audio 9 {profile} 111", Offers.Section(Offers.Answer(offer), 0)[0]);
    }

    [Fact]
    public void Rule04_Frame_HasVersionOriginNameTimeAndCrLfEverywhere()
    {
        string answer = Offers.Answer(Offers.Chromium);
        Assert.StartsWith("v=0\r\no=- 1234567890123 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n", answer);
        Assert.EndsWith("\r\n", answer);
        Assert.DoesNotContain("\r\n\r\n", answer);
        Assert.Equal(answer.Count(c => c == '\n'), Regex.Count(answer, "\r\n"));
    }

    [Fact]
    public void Rule05_IceLite_AllCandidatesOnceThenTheirEnd()
    {
        string answer = Offers.Answer(Offers.Chromium);
        Assert.Contains("a=ice-lite", Offers.SessionLines(answer));
        string[] audio = Offers.Section(answer, 0);
        int first = Array.IndexOf(audio, "a=candidate:1 1 udp 2130706431 198.51.100.1 3478 typ host");
        Assert.True(first > 0);
        Assert.Equal("a=candidate:2 1 udp 2130706175 198.51.100.2 3478 typ host", audio[first + 1]);
        Assert.Equal("a=end-of-candidates", audio[first + 2]);
        Assert.Equal(2, Regex.Count(answer, "a=candidate:"));
        Assert.DoesNotContain("trickle", answer);
        Assert.DoesNotContain(" ufrag ", answer);
        for (int i = 0; i < 2; i++)
        {
            Assert.Contains($"a=ice-ufrag:{Offers.Parameters.IceUfrag}", Offers.Section(answer, i));
            Assert.Contains($"a=ice-pwd:{Offers.Parameters.IcePassword}", Offers.Section(answer, i));
        }
    }

    [Theory]
    [InlineData("a=ice-ufrag:abc", SdpErrorReason.InvalidIceCredentials)]
    [InlineData("a=ice-ufrag:ab:cd", SdpErrorReason.InvalidIceCredentials)]
    [InlineData("a=ice-ufrag:ab-cd", SdpErrorReason.InvalidIceCredentials)]
    [InlineData("a=ice-ufrag:abcd", SdpErrorReason.None)]
    public void Rule05_UfragOfTheOffer_HasToFitTheGrammar(string line, SdpErrorReason expected)
        => Assert.Equal(expected, Offers.Refusal(Offers.Chromium.Replace("a=ice-ufrag:Kx/5", line, StringComparison.Ordinal)));

    [Fact]
    public void Rule05_OfferIsLiteToo_IsRefused()
        => Assert.Equal(SdpErrorReason.PeerIsIceLite, Offers.Refusal(
        Offers.Chromium.Replace("a=extmap-allow-mixed", "a=ice-lite", StringComparison.Ordinal)));

    [Fact]
    public void Rule06_Consent_IsOursToWatchNotToCheck()
        // The lite agent's side of the rule is in IceLiteTests; the description must not promise checks of ours.
        => Assert.DoesNotContain("ice-options", Offers.Answer(Offers.Chromium));

    [Theory]
    [InlineData("a=setup:actpass", "a=setup:passive", true)]
    [InlineData("a=setup:active", "a=setup:passive", true)]
    [InlineData("a=setup:passive", "a=setup:active", false)]
    public void Rule08_Setup_IsPassiveWhereverTheOfferAllows(string offered, string answered, bool clientIsActive)
    {
        string offer = Offers.Chromium.Replace("a=setup:actpass", offered, StringComparison.Ordinal);
        Assert.Equal(clientIsActive, Offers.Read(offer).SetupActive);
        string answer = Offers.Answer(offer);
        Assert.Contains(answered, Offers.Section(answer, 0));
        Assert.Contains(answered, Offers.Section(answer, 1));
    }

    [Fact]
    public void Rule08_Setup_HoldconnIsRefused()
        => Assert.Equal(SdpErrorReason.InvalidSetup, Offers.Refusal(
        Offers.Chromium.Replace("setup:actpass", "setup:holdconn", StringComparison.Ordinal)));

    [Fact]
    public void Rule08_Fingerprints_SeveralInAnyCaseAreNormalised()
    {
        string sha512 = "SHA-512 " + string.Join(':', Enumerable.Repeat("c4", 64));
        OfferSummary summary = Offers.Read(
            Offers.Chromium.Replace($"a=fingerprint:{Offers.Fingerprint}",
            $"a=fingerprint:{sha512}\r\na=fingerprint:{Offers.Fingerprint.ToLowerInvariant()}", StringComparison.Ordinal));
        Assert.Equal([$"sha-512 {sha512[8..].ToUpperInvariant()}", Offers.Fingerprint], summary.Fingerprints);
        Assert.Contains($"a=fingerprint:{Offers.Parameters.Fingerprint}", Offers.Section(Offers.Answer(Offers.Chromium), 0));
    }

    [Theory]
    [InlineData("", SdpErrorReason.MissingFingerprint)]
    [InlineData("a=fingerprint:sha-1 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33\r\n", SdpErrorReason.InvalidFingerprint)]
    [InlineData("a=fingerprint:sha-256 00:11\r\n", SdpErrorReason.InvalidFingerprint)]
    public void Rule08_FingerprintMissingOrUseless_IsRefused(string lines, SdpErrorReason expected)
        => Assert.Equal(
        expected, Offers.Refusal(Offers.Chromium.Replace($"a=fingerprint:{Offers.Fingerprint}\r\n", lines, StringComparison.Ordinal)));

    [Theory]
    [InlineData(0, 1, DatagramKind.Stun)]
    [InlineData(22, 254, DatagramKind.Dtls)]
    [InlineData(144, 111, DatagramKind.Rtp)]
    [InlineData(129, 201, DatagramKind.Rtcp)]
    public void Rule09_OnePort_IsToldApartByTheFirstBytes(byte first, byte second, DatagramKind expected)
        => Assert.Equal(expected, DatagramDemultiplexer.Classify([first, second]));

    [Fact]
    public void Rule09_PayloadTypesThatLookLikeRtcp_AreNotUsed()
        => Assert.Equal(SdpErrorReason.UnsupportedMedia, Offers.Refusal(
        Offers.AudioOnly.Replace("SAVPF 111", "SAVPF 72", StringComparison.Ordinal)
        .Replace("rtpmap:111", "rtpmap:72", StringComparison.Ordinal)));

    [Theory]
    [InlineData(nameof(Offers.Chromium), 111)]
    [InlineData(nameof(Offers.Firefox), 109)]
    [InlineData(nameof(Offers.Aiortc), 96)]
    public void Rule10_Opus_HasTheOfferersPayloadType(string client, int payloadType)
    {
        string[] audio = Offers.Section(Offers.Answer(Offers.All[client]), 0);
        Assert.Contains($"a=rtpmap:{payloadType} opus/48000/2", audio);
        Assert.Contains($"a=fmtp:{payloadType} minptime=10;useinbandfec=1", audio);
        Assert.Contains("a=ptime:20", audio);
        Assert.DoesNotContain(audio, l => l.Contains("stereo", StringComparison.Ordinal));
    }

    [Fact]
    public void Rule10_OpusInAnyCase_IsFound()
        => Assert.Equal(
        111, Offers.Read(Offers.Chromium.Replace("opus/48000/2", "OPUS/48000/2", StringComparison.Ordinal)).OpusPayloadType);

    [Fact]
    public void Rule10_Dtx_IsAskedForOnlyIfWanted()
    {
        var parameters = new AnswerParameters
        {
            IceUfrag = "abcd", IcePassword = Offers.Parameters.IcePassword, Fingerprint = Offers.Fingerprint, Candidates = [],
                AudioSsrc = 1,
            Cname = "c", MsidStream = "s", MsidTrack = "t", SessionId = 1, UsesDtx = true,
        };
        Assert.Contains("minptime=10;useinbandfec=1;usedtx=1\r\n",
            OfferAnswer.CreateAnswer(Offers.Read(Offers.Chromium), parameters).ToString());
    }

    [Fact]
    public void Rule11_NoOpus_IsUnsupportedMediaAndSaysThatPcmuIsNot()
    {
        string offer = Offers.Chromium.Replace("a=rtpmap:111 opus/48000/2\r\n", "", StringComparison.Ordinal);
        Assert.True(SessionDescription.TryParse(offer, out SessionDescription? description, out _));
        Assert.False(OfferAnswer.TryReadOffer(description, out _, out SdpError error));
        Assert.Equal("unsupported_media", error.Code);
        Assert.True(error.IsUnsupportedMedia);
        Assert.Contains("PCMU", error.Message);
    }

    [Fact]
    public void Rule12_TelephoneEvent_IsTheOneAtOpusClock()
    {
        string[] audio = Offers.Section(Offers.Answer(Offers.Chromium), 0);
        Assert.Equal("m=audio 9 UDP/TLS/RTP/SAVPF 111 110", audio[0]);
        Assert.Contains("a=rtpmap:110 telephone-event/48000", audio);
        Assert.Equal("m=audio 9 UDP/TLS/RTP/SAVPF 109", Offers.Section(Offers.Answer(Offers.Firefox), 0)[0]);
        foreach (string codec in new[] { "red", "CN", "G722", "PCMU" })
            Assert.DoesNotContain(audio, l => l.Contains($" {codec}/", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(nameof(Offers.Chromium))]
    [InlineData(nameof(Offers.Firefox))]
    [InlineData(nameof(Offers.Aiortc))]
    public void Rule13_HeaderExtensions_AreNotAskedForBecauseNothingReadsThem(string client)
    {
        string answer = Offers.Answer(Offers.All[client]);
        Assert.DoesNotContain("extmap", answer);
        Assert.DoesNotContain("transport-cc", answer);
    }

    [Theory]
    [InlineData("sendrecv", "sendrecv", true, true)]
    [InlineData("sendonly", "recvonly", false, true)]
    [InlineData("recvonly", "sendonly", true, false)]
    [InlineData("inactive", "inactive", false, false)]
    public void Rule14_Direction_IsMirrored(string offered, string answered, bool clientReceives, bool clientSends)
    {
        string offer = Offers.Chromium.Replace("a=sendrecv", $"a={offered}", StringComparison.Ordinal);
        OfferSummary summary = Offers.Read(offer);
        Assert.Equal((clientReceives, clientSends), (summary.AudioReceives, summary.AudioSends));
        string[] audio = Offers.Section(Offers.Answer(offer), 0);
        Assert.Contains($"a={answered}", audio);
        Assert.Equal(clientReceives, audio.Any(l => l.StartsWith("a=msid:", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("sendonly", "recvonly")]
    [InlineData("inactive", "inactive")]
    public void Rule14_DirectionOfTheSession_CountsWhereTheSectionHasNone(string offered, string answered)
        => Assert.Contains($"a={answered}", Offers.Section(
        Offers.Answer(Offers.Firefox.Replace("a=sendrecv", $"a={offered}", StringComparison.Ordinal)), 0));

    [Fact]
    public void Rule14_ListenOnly_AnswersASendrecvOfferWithRecvonly()
    {
        var parameters = new AnswerParameters
        {
            IceUfrag = "abcd", IcePassword = Offers.Parameters.IcePassword, Fingerprint = Offers.Fingerprint, Candidates = [],
                AudioSsrc = 1,
            Cname = "c", MsidStream = "s", MsidTrack = "t", SessionId = 1, SendsAudio = false,
        };
        string[] audio = Offers.Section(OfferAnswer.CreateAnswer(Offers.Read(Offers.AudioOnly), parameters).ToString(), 0);
        Assert.Contains("a=recvonly", audio);
        Assert.DoesNotContain(audio, l => l.StartsWith("a=ssrc", StringComparison.Ordinal));
    }

    [Fact]
    public void Rule15_Msid_HasARealStreamAndAnSsrcWithCname()
    {
        string[] audio = Offers.Section(Offers.Answer(Offers.Chromium), 0);
        Assert.Contains("a=msid:voice agent", audio);
        Assert.Contains("a=ssrc:4000000001 cname:k7m2", audio);
        Assert.Equal(2961287154u, Offers.Read(Offers.Chromium).AudioSsrc);
    }

    [Theory]
    [InlineData("-", "agent")]
    [InlineData("", "agent")]
    [InlineData("two words", "agent")]
    [InlineData("voice", "a\r\na=evil")]
    public void Rule15_MsidThatWouldNotPlayOrBreakTheLine_Throws(string stream, string track)
    {
        var parameters = new AnswerParameters
        {
            IceUfrag = "abcd", IcePassword = Offers.Parameters.IcePassword, Fingerprint = Offers.Fingerprint, Candidates = [],
                AudioSsrc = 1,
            Cname = "c", MsidStream = stream, MsidTrack = track, SessionId = 1,
        };
        Assert.Throws<ArgumentException>(() => OfferAnswer.CreateAnswer(Offers.Read(Offers.Chromium), parameters));
    }

    [Fact]
    public void Rule16_DataChannel_IsAnsweredInTheFormOfRfc8841()
    {
        string[] data = Offers.Section(Offers.Answer(Offers.Chromium), 1);
        Assert.Equal("m=application 9 UDP/DTLS/SCTP webrtc-datachannel", data[0]);
        Assert.Contains("a=sctp-port:5000", data);
        Assert.Contains("a=max-message-size:262144", data);
    }

    [Fact]
    public void Rule16_LegacyDataChannel_IsAnsweredInKind()
    {
        OfferSummary summary = Offers.Read(Offers.Aiortc);
        Assert.Equal((5000, 65536L, true), (summary.SctpPort, summary.MaxMessageSize, summary.UsesLegacySctpmap));
        string[] data = Offers.Section(Offers.Answer(Offers.Aiortc), 1);
        Assert.Equal("m=application 9 DTLS/SCTP 5000", data[0]);
        Assert.Contains("a=sctpmap:5000 webrtc-datachannel 65535", data);
        Assert.DoesNotContain(data, l => l.StartsWith("a=sctp-port", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", 65536)]
    [InlineData("a=max-message-size:0\r\n", 0)]
    [InlineData("a=max-message-size:1073741823\r\n", 1073741823)]
    [InlineData("a=max-message-size:99999999999999999999\r\n", 65536)]
    public void Rule16_MaxMessageSize_DefaultsTo64KiB(string line, long expected)
        => Assert.Equal(
        expected, Offers.Read(Offers.Chromium.Replace("a=max-message-size:262144\r\n", line, StringComparison.Ordinal)).MaxMessageSize);

    [Fact]
    public void Rule16_NoApplicationSection_RunsWithoutEvents()
    {
        OfferSummary summary = Offers.Read(Offers.AudioOnly);
        Assert.Null(summary.SctpPort);
        Assert.Equal("0", summary.AudioMid);
    }

    [Fact]
    public void Rule16_OnlyAnApplicationSection_RunsWithoutAudio()
    {
        OfferSummary summary = Offers.Read(Offers.DataOnly);
        Assert.Null(summary.AudioMid);
        Assert.Equal(5000, summary.SctpPort);
        Assert.Contains("a=end-of-candidates", Offers.Section(Offers.Answer(Offers.DataOnly), 0));
    }

    [Theory]
    [InlineData("a=ice-ufrag", SdpErrorReason.MissingIceCredentials)]
    [InlineData("a=ice-pwd", SdpErrorReason.MissingIceCredentials)]
    [InlineData("a=fingerprint", SdpErrorReason.MissingFingerprint)]
    [InlineData("a=mid:0", SdpErrorReason.UnknownBundleMid)]
    [InlineData("m=", SdpErrorReason.NoMediaSection)]
    public void Rule17_WhatIsMissing_IsNamed(string prefix, SdpErrorReason expected)
        => Assert.Equal(expected, Offers.Refusal(Without(Offers.Chromium, prefix)));

    [Fact]
    public void Rule17_Refusals_NeverQuoteCredentials()
    {
        foreach (string line in Offers.Chromium.Split("\r\n"))
        {
            if (line.Length == 0 || !SessionDescription.TryParse(
                Offers.Chromium.Replace(line + "\r\n", "", StringComparison.Ordinal), out SessionDescription? description,
                out SdpError error)
                || OfferAnswer.TryReadOffer(description, out _, out error)) continue;
            Assert.DoesNotContain("Kx/5", error.ToString());
            Assert.DoesNotContain("0aB1cD2eF3gH4iJ5kL6mN7oP", error.ToString());
        }
        Assert.DoesNotContain(Offers.Parameters.IcePassword, Offers.Parameters.ToString());
    }

    [Fact]
    public void Rule18_CandidatesOfTheOffer_AreIgnoredWhateverTheyAre()
    {
        string offer = Offers.Firefox.Replace(
            "a=candidate:0 1 UDP 2122252543 192.0.2.33 54321 typ host", "a=candidate:what ever", StringComparison.Ordinal);
        Assert.Equal(Offers.Answer(Offers.Firefox), Offers.Answer(offer));
    }

    private static string Without(string sdp, string linePrefix)
        => string.Join("\r\n", sdp.Split("\r\n").Where(l => !l.StartsWith(linePrefix, StringComparison.Ordinal)));
}

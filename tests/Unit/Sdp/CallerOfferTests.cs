using Dapr.Voice.Sdp;
using Dapr.Voice.TestKit;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Sdp;

public sealed class CallerOfferTests
{
    private static readonly OfferParameters Parameters = new()
    {
        IceUfrag = "callerufrag",
        IcePassword = "callerpasswordcallerpassword",
        Fingerprint = Offers.Fingerprint,
        AudioSsrc = 77,
        Cname = "caller",
        MsidStream = "call",
        MsidTrack = "microphone",
        SessionId = 5,
    };

    [Fact]
    public void CreateOffer_ReadAsAnOffer_SaysWhatWeCanDo()
    {
        OfferSummary summary = Offers.Read(OfferAnswer.CreateOffer(Parameters).ToString());
        Assert.Equal("callerufrag", summary.IceUfrag);
        Assert.Equal((111, 77u, true, true, 5000, 262144L),
            (summary.OpusPayloadType, summary.AudioSsrc, summary.AudioReceives, summary.AudioSends, summary.SctpPort,
            summary.MaxMessageSize));
        Assert.True(summary.SetupActive);
        Assert.Equal(["0", "1"], summary.BundleMids);
        Assert.DoesNotContain("candidate", OfferAnswer.CreateOffer(Parameters).ToString());
    }

    [Fact]
    public void TryReadAnswer_OurOwnAnswer_SaysWhatWasAgreed()
    {
        AnswerSummary answer = Read(Offers.Answer(OfferAnswer.CreateOffer(Parameters).ToString()));
        Assert.Equal(Offers.Parameters.IceUfrag, answer.IceUfrag);
        Assert.Equal(Offers.Parameters.IcePassword, answer.IcePassword);
        Assert.Equal([Offers.Parameters.Fingerprint], answer.Fingerprints);
        Assert.True(answer.IsIceLite);
        Assert.False(answer.SetupActive);
        Assert.Equal(["candidate:1 1 udp 2130706431 198.51.100.1 3478 typ host", "candidate:2 1 udp 2130706175 198.51.100.2 3478 typ host"],
            answer.Candidates);
        Assert.Equal((111, 4_000_000_001u, true, true, 5000, 262144L),
            (answer.OpusPayloadType, answer.AudioSsrc, answer.AudioReceives, answer.AudioSends, answer.SctpPort, answer.MaxMessageSize));
        Assert.All(answer.Candidates, c => Assert.True(Dapr.Voice.Ice.Candidate.TryParse(c, out _)));
    }

    [Fact]
    public void TryReadAnswer_TransportInTheFirstSectionOnly_IsEnough()
    {
        // In the manner of the hosted service: no ice-lite, active, a passive TCP candidate.
        AnswerSummary answer = Read($"""
            v=0
            o=- 1 2 IN IP4 127.0.0.1
            s=-
            t=0 0
            a=group:BUNDLE 0 1
            m=audio 3478 UDP/TLS/RTP/SAVPF 111
            c=IN IP4 198.51.100.7
            a=mid:0
            a=candidate:1 1 udp 2130706431 198.51.100.7 3478 typ host ufrag ab
            a=candidate:2 1 tcp 1671430143 198.51.100.7 443 typ host tcptype passive
            a=ice-ufrag:kZ2q/u11
            a=ice-pwd:abcdefghijklmnopqrstuv
            a=fingerprint:{Offers.Fingerprint}
            a=setup:active
            a=rtcp-mux
            a=rtpmap:111 opus/48000/2
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel
            a=mid:1
            a=sctp-port:5000
            a=max-message-size:0
            """);
        Assert.Equal(("kZ2q/u11", true, false, long.MaxValue),
            (answer.IceUfrag, answer.SetupActive, answer.IsIceLite, answer.MaxMessageSize));
        Assert.Equal(2, answer.Candidates.Count);
        Assert.Null(answer.AudioSsrc);
    }

    [Theory]
    [InlineData("a=mid:0", "a=mid:7", "unknown_bundle_mid,answer_mismatch")]
    [InlineData("m=audio 9 UDP/TLS/RTP/SAVPF", "m=video 9 UDP/TLS/RTP/SAVPF", "answer_mismatch")]
    [InlineData("a=setup:passive", "a=setup:actpass", "invalid_setup")]
    [InlineData("a=group:BUNDLE 0 1", "a=x", "bundle_required")]
    [InlineData("opus/48000/2", "PCMU/8000", "unsupported_media")]
    [InlineData(" 9 ", " 0 ", "unsupported_media")]
    [InlineData("a=ice-pwd", "a=x", "missing_ice_credentials")]
    [InlineData("a=fingerprint", "a=x", "missing_fingerprint")]
    public void TryReadAnswer_DoesNotFit_SaysWhy(string what, string with, string codes)
    {
        string text = Offers.Answer(OfferAnswer.CreateOffer(Parameters).ToString()).Replace(what, with, StringComparison.Ordinal);
        Assert.True(SessionDescription.TryParse(text, out SessionDescription? description, out _));
        Assert.False(OfferAnswer.TryReadAnswer(description, out _, out SdpError error));
        Assert.Contains(error.Code, codes.Split(','));
    }

    [Fact]
    public void TryReadAnswer_DataChannelRejected_LeavesAudio()
    {
        string text = Offers.Answer(OfferAnswer.CreateOffer(Parameters).ToString())
            .Replace("m=application 9", "m=application 0", StringComparison.Ordinal)
            .Replace("BUNDLE 0 1", "BUNDLE 0", StringComparison.Ordinal);
        AnswerSummary answer = Read(text);
        Assert.Null(answer.SctpPort);
        Assert.Equal(111, answer.OpusPayloadType);
    }

    private static AnswerSummary Read(string text)
    {
        if (!SessionDescription.TryParse(text, out SessionDescription? description, out SdpError error)
            || !OfferAnswer.TryReadAnswer(description, out AnswerSummary? answer, out error))
            throw new InvalidOperationException(error.ToString());
        return answer;
    }
}

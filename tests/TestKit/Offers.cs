using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Dapr.Voice.Sdp;

namespace Dapr.Voice.TestKit;

/// <summary>Offers with the shape of those of the clients that we serve. The credentials and keys in them are invented.</summary>
public static class Offers
{
    /// <summary>Credentials and SSRC of <see cref="Chromium"/>, and of the offers made from it.</summary>
    public const string Ufrag = "Kx/5";
    public const string Password = "0aB1cD2eF3gH4iJ5kL6mN7oP";
    public const uint AudioSsrc = 2961287154;

    public const string Fingerprint =
        "sha-256 1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:F9:0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:F9:0A";

    /// <summary>The offer of Chromium with the Agents SDK. It has no candidates, and its track belongs to no stream.</summary>
    public static readonly string Chromium = $"""
        v=0
        o=- 4611731400430051336 2 IN IP4 127.0.0.1
        s=-
        t=0 0
        a=group:BUNDLE 0 1
        a=extmap-allow-mixed
        a=msid-semantic: WMS
        m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
        c=IN IP4 0.0.0.0
        a=rtcp:9 IN IP4 0.0.0.0
        a=ice-ufrag:{Ufrag}
        a=ice-pwd:{Password}
        a=ice-options:trickle
        a=fingerprint:{Fingerprint}
        a=setup:actpass
        a=mid:0
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
        a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
        a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
        a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
        a=sendrecv
        a=msid:- 6f0c2a0e-7d3c-4a5f-9b1e-2f3a4b5c6d7e
        a=rtcp-mux
        a=rtcp-rsize
        a=rtpmap:111 opus/48000/2
        a=rtcp-fb:111 transport-cc
        a=fmtp:111 minptime=10;useinbandfec=1
        a=rtpmap:63 red/48000/2
        a=fmtp:63 111/111
        a=rtpmap:9 G722/8000
        a=rtpmap:0 PCMU/8000
        a=rtpmap:8 PCMA/8000
        a=rtpmap:13 CN/8000
        a=rtpmap:110 telephone-event/48000
        a=rtpmap:126 telephone-event/8000
        a=ssrc:{AudioSsrc} cname:Zl0qF6Qp8vN3tR5w
        a=ssrc:{AudioSsrc} msid:- 6f0c2a0e-7d3c-4a5f-9b1e-2f3a4b5c6d7e
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        c=IN IP4 0.0.0.0
        a=ice-ufrag:{Ufrag}
        a=ice-pwd:{Password}
        a=ice-options:trickle
        a=fingerprint:{Fingerprint}
        a=setup:actpass
        a=mid:1
        a=sctp-port:5000
        a=max-message-size:262144

        """.ReplaceLineEndings("\r\n");

    /// <summary>
    /// The offer of Firefox. Fingerprint and direction are at session level, payload types are its own, and it has candidates of both
    /// components and with host names.
    /// </summary>
    public static readonly string Firefox = $$"""
        v=0
        o=mozilla...THIS_IS_SDPARTA-99.0 4173288710431293815 0 IN IP4 0.0.0.0
        s=-
        t=0 0
        a=fingerprint:{{Fingerprint}}
        a=group:BUNDLE 0 1
        a=ice-options:trickle
        a=msid-semantic:WMS *
        a=sendrecv
        m=audio 54321 UDP/TLS/RTP/SAVPF 109 9 0 8 101
        c=IN IP4 192.0.2.33
        a=candidate:0 1 UDP 2122252543 192.0.2.33 54321 typ host
        a=candidate:0 2 UDP 2122252542 192.0.2.33 54322 typ host
        a=candidate:1 1 TCP 2105524479 192.0.2.33 9 typ host tcptype active
        a=candidate:2 1 UDP 2122187007 3c2b1a09-4d5e-4f60-8172-93a4b5c6d7e8.local 51111 typ host
        a=end-of-candidates
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
        a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level
        a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
        a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1
        a=fmtp:101 0-15
        a=ice-pwd:5d4c3b2a190817263544536271809fae
        a=ice-ufrag:7a8b9c0d
        a=mid:0
        a=msid:{a1b2c3d4-0000-4000-8000-000000000001} {a1b2c3d4-0000-4000-8000-000000000002}
        a=rtcp:54322 IN IP4 192.0.2.33
        a=rtcp-mux
        a=rtpmap:109 opus/48000/2
        a=rtpmap:9 G722/8000/1
        a=rtpmap:0 PCMU/8000
        a=rtpmap:8 PCMA/8000
        a=rtpmap:101 telephone-event/8000
        a=setup:actpass
        a=ssrc:1357924680 cname:{a1b2c3d4-0000-4000-8000-000000000003}
        m=application 54323 UDP/DTLS/SCTP webrtc-datachannel
        c=IN IP4 192.0.2.33
        a=ice-pwd:5d4c3b2a190817263544536271809fae
        a=ice-ufrag:7a8b9c0d
        a=mid:1
        a=setup:actpass
        a=sctp-port:5000
        a=max-message-size:1073741823

        """.ReplaceLineEndings("\r\n");

    /// <summary>
    /// The offer of aiortc. Each section has ICE credentials of its own, Opus is payload type 96, and the data channel is written as in
    /// the old drafts.
    /// </summary>
    public static readonly string Aiortc = $"""
        v=0
        o=- 3899214001 3899214001 IN IP4 0.0.0.0
        s=-
        t=0 0
        a=group:BUNDLE 0 1
        a=msid-semantic:WMS *
        m=audio 40001 UDP/TLS/RTP/SAVPF 96 0 8
        c=IN IP4 192.0.2.44
        a=sendrecv
        a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
        a=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level
        a=mid:0
        a=msid:0f1e2d3c 4b5a6978
        a=rtcp:9 IN IP4 0.0.0.0
        a=rtcp-mux
        a=ssrc:555666777 cname:b1946ac9
        a=rtpmap:96 opus/48000/2
        a=rtpmap:0 PCMU/8000
        a=rtpmap:8 PCMA/8000
        a=candidate:aa 1 udp 2130706431 192.0.2.44 40001 typ host
        a=end-of-candidates
        a=ice-ufrag:aUdi
        a=ice-pwd:audioaudioaudioaudio12
        a=fingerprint:{Fingerprint}
        a=setup:actpass
        m=application 40002 DTLS/SCTP 5000
        c=IN IP4 192.0.2.44
        a=mid:1
        a=sctpmap:5000 webrtc-datachannel 65535
        a=max-message-size:65536
        a=candidate:bb 1 udp 2130706431 192.0.2.44 40002 typ host
        a=end-of-candidates
        a=ice-ufrag:dAta
        a=ice-pwd:datadatadatadatadata12
        a=fingerprint:{Fingerprint}
        a=setup:actpass

        """.ReplaceLineEndings("\r\n");

    /// <summary>The offer of a video client. It has video between audio and data, and a second audio section.</summary>
    public static readonly string WithVideo = Chromium
        .Replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 0 v a2 1", StringComparison.Ordinal)
        .Replace("m=application", $"""
            m=video 9 UDP/TLS/RTP/SAVPF 97 98
            c=IN IP4 0.0.0.0
            a=ice-ufrag:{Ufrag}
            a=ice-pwd:{Password}
            a=fingerprint:{Fingerprint}
            a=setup:actpass
            a=mid:v
            a=sendrecv
            a=rtcp-mux
            a=rtpmap:97 VP8/90000
            a=rtpmap:98 rtx/90000
            m=audio 9 UDP/TLS/RTP/SAVPF 111
            c=IN IP4 0.0.0.0
            a=mid:a2
            a=recvonly
            a=rtcp-mux
            a=rtpmap:111 opus/48000/2
            m=application
            """.ReplaceLineEndings("\r\n"), StringComparison.Ordinal);

    /// <summary>An offer with one audio section and nothing else.</summary>
    public static readonly string AudioOnly = Chromium[..Chromium.IndexOf("m=application", StringComparison.Ordinal)]
        .Replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 0", StringComparison.Ordinal);

    public static readonly string DataOnly =
        (Chromium[..Chromium.IndexOf("m=audio", StringComparison.Ordinal)]
        + Chromium[Chromium.IndexOf("m=application", StringComparison.Ordinal)..])
        .Replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 1", StringComparison.Ordinal);

    /// <summary>An offer whose only audio codec is one that we don't support.</summary>
    public static readonly string WithoutOpus = Chromium
        .Replace("m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126", "m=audio 9 UDP/TLS/RTP/SAVPF 9", StringComparison.Ordinal)
        .Replace("a=rtpmap:111 opus/48000/2\r\n", "", StringComparison.Ordinal);

    public static readonly string WithoutFingerprint = Chromium.Replace($"a=fingerprint:{Fingerprint}\r\n", "", StringComparison.Ordinal);

    public static readonly IReadOnlyDictionary<string, string> All = new Dictionary<string, string>
    {
        [nameof(Chromium)] = Chromium,
        [nameof(Firefox)] = Firefox,
        [nameof(Aiortc)] = Aiortc,
        [nameof(WithVideo)] = WithVideo,
        [nameof(AudioOnly)] = AudioOnly,
        [nameof(DataOnly)] = DataOnly,
    };

    public static readonly AnswerParameters Parameters = new()
    {
        IceUfrag = "abcdefghijklmnopqrstuvwxyz234567abcdefg",
        IcePassword = "passwordpasswordpasswordpassword",
        Fingerprint = "sha-256 " + string.Join(':', Enumerable.Repeat("AB", 32)),
        Candidates =
        [
            "candidate:1 1 udp 2130706431 198.51.100.1 3478 typ host",
            "2 1 udp 2130706175 198.51.100.2 3478 typ host",
        ],
        AudioSsrc = 4_000_000_001,
        Cname = "k7m2",
        MsidStream = "voice",
        MsidTrack = "agent",
        SessionId = 1234567890123,
    };

    /// <summary>Creates an offer for a session that nobody connects to. Its password and fingerprint are random.</summary>
    public static string Create() => OfferAnswer.CreateOffer(new OfferParameters
    {
        IceUfrag = "cafe",
        IcePassword = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12)),
        Fingerprint = "sha-256 " + BitConverter.ToString(RandomNumberGenerator.GetBytes(32)).Replace('-', ':'),
        AudioSsrc = 0x1234_5678,
        Cname = "test",
        MsidStream = "stream",
        MsidTrack = "track",
        SessionId = 1,
    }).ToString();

    /// <summary>The body of a request that posts an offer: the given one, or that of <see cref="Create"/>.</summary>
    public static HttpContent Content(string? offer = null)
        => new StringContent(offer ?? Create(), Encoding.UTF8, new MediaTypeHeaderValue("application/sdp"));

    public static OfferSummary Read(string sdp)
    {
        if (!SessionDescription.TryParse(sdp, out SessionDescription? description, out SdpError error)
            || !OfferAnswer.TryReadOffer(description, out OfferSummary? summary, out error))
            throw new InvalidOperationException(error.ToString());
        return summary;
    }

    public static SdpErrorReason Refusal(string sdp)
    {
        if (!SessionDescription.TryParse(sdp, out SessionDescription? description, out SdpError error)) return error.Reason;
        return OfferAnswer.TryReadOffer(description, out _, out error) ? SdpErrorReason.None : error.Reason;
    }

    public static string Answer(string sdp) => OfferAnswer.CreateAnswer(Read(sdp), Parameters).ToString();

    /// <summary>The lines of one section of an answer, the m-line first.</summary>
    public static string[] Section(string sdp, int index)
        => ("m=" + sdp.Split("\r\nm=")[index + 1]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);

    public static string[] SessionLines(string sdp) => sdp.Split("\r\nm=")[0].Split("\r\n");
}

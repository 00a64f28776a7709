namespace Dapr.Voice.Tests.Unit.Signaling;

/// <summary>Offers of the shape that browsers make through the Agents SDK: no candidates, audio and a data channel in one bundle.</summary>
internal static class Offers
{
    public const string Ufrag = "cLi7";
    public const string Password = "Zk3pQ0vYt8mN5bXw2LrJ9aHd";
    public const string Fingerprint =
        "sha-256 0F:1E:2D:3C:4B:5A:69:78:87:96:A5:B4:C3:D2:E1:F0:0F:1E:2D:3C:4B:5A:69:78:87:96:A5:B4:C3:D2:E1:F0";

    public static string Browser { get; } = Crlf($"""
        v=0
        o=- 5498186869896684180 2 IN IP4 127.0.0.1
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
        a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
        a=sendrecv
        a=msid:- 5a1c7e2e-mic
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
        a=ssrc:3735928559 cname:caller
        a=ssrc:3735928559 msid:- 5a1c7e2e-mic
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

        """);

    /// <summary>Audio in codecs that we do not speak.</summary>
    public static string WithoutOpus { get; } = Browser
        .Replace("m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126", "m=audio 9 UDP/TLS/RTP/SAVPF 9", StringComparison.Ordinal)
        .Replace("a=rtpmap:111 opus/48000/2\r\n", "", StringComparison.Ordinal);

    public static string WithoutFingerprint { get; } = Browser.Replace($"a=fingerprint:{Fingerprint}\r\n", "", StringComparison.Ordinal);

    private static string Crlf(string text) => text.ReplaceLineEndings("\r\n");
}

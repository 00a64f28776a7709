using System.Text;
using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Dtls;
using Dapr.Voice.Ice;
using Dapr.Voice.Sdp;
using Dapr.Voice.Signaling.Http;
using Dapr.Voice.Signaling.Realtime;
using Dapr.Voice.Signaling.Sessions;
using Dapr.Voice.Steering;
using Dapr.Voice.Tests.Fuzz.Corpora;
using Dapr.Voice.Tests.Fuzz.Engine;
using Dapr.Voice.Transceiver.Agents;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Fuzz.Targets;

internal static class TextTargets
{
    /// <summary>Rule 17 of the answerer refuses above 64 KiB; a little more than that is tried.</summary>
    private const int MaximumSdpBytes = 72 * 1024;

    public static IEnumerable<FuzzTarget> All()
    {
        string[] words =
        [
            "\r\n", "\n", "\r", "\0", "a=", "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n",
                "a=mid:0\r\n", "a=group:BUNDLE ", "a=group:BUNDLE 0 0 0\r\n",
            "a=setup:passive\r\n", "a=setup:holdconn\r\n", "a=ice-lite\r\n", "a=rtcp-mux-only\r\n", "a=sctp-port:0\r\n",
                "a=sctp-port:65536\r\n", "a=max-message-size:18446744073709551616\r\n", "a=max-message-size:-1\r\n",
            "a=rtpmap:111 opus/48000/2\r\n", "a=rtpmap:256 opus/48000\r\n", "a=extmap:15 urn:x\r\n", "a=extmap:/\r\n",
                "a=ssrc:4294967296 cname:x\r\n", "a=ssrc: \r\n", "a=candidate:\r\n", "a=fingerprint:sha-256 \r\n", "a=fmtp:111 ;;=;\r\n",
            "v=0\r\n", "o=- 99999999999999999999 1 IN IP4 x\r\n", "s=", "t=0 0\r\n", "999999999999", "-1", ":", " ", "/", "\u00e9",
                "\U0001F600", "recvonly", "inactive", "a=sendonly\r\n", "a=bundle-only\r\n", "\t",
            "\uFEFF", "a=group:BUNDLE\r\n", "o= 1 1 IN IP4 x\r\n", "TCP/DTLS/RTP/SAVP", "RTP/AVP", "a=sendrecv\r\n",
        ];
        var offers = Corpus.OfText([.. Offers.All.Values, OurOffer()], words);
        yield return new ParserTarget<SdpErrorReason>("SessionDescription, offer, answer", 40_000, offers, AnswerOffer, MaximumSdpBytes);
        var answers = Corpus.OfText([.. Offers.All.Values.Select(Offers.Answer)], words);
        yield return new ParserTarget<SdpErrorReason>("SessionDescription, read answer", 30_000, answers, ReadAnswer, MaximumSdpBytes);

        var candidates = Corpus.OfText(
        [
            "candidate:0 1 UDP 2122252543 192.0.2.33 54321 typ host", "a=candidate:1 1 TCP 2105524479 192.0.2.33 9 typ host tcptype active",
                "2 1 UDP 2122187007 3c2b1a09-4d5e-4f60-8172-93a4b5c6d7e8.local 51111 typ host",
            "candidate:842163049 1 udp 1677729535 198.51.100.7 46154 typ srflx raddr 10.0.0.5 rport 46154 generation 0 ufrag Kx/5 "
                + "network-cost 999", "candidate:3 1 udp 41885439 2001:db8::1 50000 typ relay raddr :: rport 0",
        ], " ", "typ", "256", "65536", "4294967296", "::", "[::1]", "0x7f.1", "999.1.1.1", "raddr", "fe80::1%eth0", "\u0661");
        yield return new ParserTarget<Outcome>("Candidate", 60_000, candidates, static input =>
        {
            if (!Candidate.TryParse(Encoding.UTF8.GetString(input), out Candidate? candidate)) return Outcome.Refused;
            // What is read can be written, and read again.
            return Candidate.TryParse(candidate.ToString(), out Candidate? again) && again == candidate ? Outcome.Accepted
                : throw new InvalidOperationException("Not the same when written.");
        }, 1024);

        var fingerprints = Corpus.OfText(
            [Offers.Fingerprint, Offers.Fingerprint.ToUpperInvariant(), "sha-1 " + string.Join(':', Enumerable.Repeat("0A", 20)),
            "sha-512 " + string.Join(':', Enumerable.Repeat("ff", 64))], ":", " ", "sha-256", "GG", "\u00e9");
        yield return new ParserTarget<Outcome>("CertificateFingerprint", 40_000, fingerprints, static input =>
        {
            if (!CertificateFingerprint.TryParse(Encoding.UTF8.GetString(input), out CertificateFingerprint? fingerprint))
                return Outcome.Refused;
            return CertificateFingerprint.TryParse(fingerprint!.ToString(), out _) ? Outcome.Accepted
                : throw new InvalidOperationException("Not readable when written.");
        }, 1024);

        string id = new SessionId(0x0123_4567_89AB_CDEF).ToString();
        var names = Corpus.OfText([CallId.Format("local", id), CallId.Format("west-europe_1", id), id, "127.0.0.1:3478",
            "[2001:db8::1]:3478", "udp://127.0.0.1:20000"], "_", "rtc_", "-", "\u00e9", ":", "[", "%");
        yield return new ParserTarget<Outcome>("CallId, SessionId, TransportAddress", 60_000, names, static input =>
        {
            string text = Encoding.UTF8.GetString(input);
            bool isCall = CallId.TryParse(text, out string region, out string session);
            if (isCall && CallId.Format(region, session) != text) throw new InvalidOperationException("Not the same when written.");
            bool isSession = SessionId.TryParse(isCall ? session : text, out _);
            return isCall | isSession | TransportAddress.TryParse(text, out _) ? Outcome.Accepted : Outcome.Refused;
        }, 256);

        var events = Corpus.OfText(ClientEvents(), JsonTokens);
        yield return new ParserTarget<Outcome>("RealtimeEventHeader", 60_000, events, static input =>
        {
            _ = RealtimeEventHeader.ReadEventId(input);
            if (!RealtimeEventHeader.TryRead(input, out RealtimeEventHeader header)) return Outcome.Refused;
            _ = header.ItemIdText + header.ResponseIdText;
            if (BackendReader.Read(input, header, relayLimit: 0).Item is { IsReplayable: true } item && item.ToCreateEvent().Length == 0)
                throw new InvalidOperationException("A replayable item without an event.");
            return Outcome.Accepted;
        }, 8192);
        foreach (string agent in new[] { AgentCatalog.Echo, AgentCatalog.Parrot }) yield return new AgentTarget(agent, events);

        var bodies = Corpus.OfText(
        [
            JsonSerializer.Serialize(
                new { sdp = Offers.AudioOnly, session = new { type = "realtime", model = "echo" }, agent = "parrot",
                max_session_seconds = 60 }),
            """{"expires_after":{"anchor":"created_at","seconds":600},"session":{"type":"realtime","instructions":"be """
            + """brief","audio":{"output":{"voice":"echo"}}},"agent":"echo"}""",
        ], JsonTokens);
        yield return new ParserTarget<Outcome>("Bodies of the public API", 20_000, bodies, ReadBodies, 8192);
    }

    private static string OurOffer() => OfferAnswer.CreateOffer(new OfferParameters
    {
        IceUfrag = "abcd", IcePassword = "passwordpasswordpassword", Fingerprint = Offers.Fingerprint, AudioSsrc = 1, Cname = "c",
            MsidStream = "s", MsidTrack = "t", SessionId = 5,
    }).ToString();

    private static SdpErrorReason AnswerOffer(Span<byte> input)
    {
        string text = Encoding.UTF8.GetString(input);
        if (!SessionDescription.TryParse(text, out SessionDescription? description, out SdpError error)
            || !OfferAnswer.TryReadOffer(description, out OfferSummary? offer, out error)) return Explained(error);
        string answer = OfferAnswer.CreateAnswer(offer, Offers.Parameters).ToString();
        if (!SessionDescription.TryParse(answer, out SessionDescription? read, out error))
            throw new InvalidOperationException($"Our answer is no description: {error}\n{answer}");
        if (read.Media.Count != description.Media.Count)
            throw new InvalidOperationException("Our answer has not the offer's sections (RFC 3264, section 6).");
        return SdpErrorReason.None;
    }

    private static SdpErrorReason ReadAnswer(Span<byte> input)
    {
        string text = Encoding.UTF8.GetString(input);
        return SessionDescription.TryParse(text, out SessionDescription? description, out SdpError error)
            && OfferAnswer.TryReadAnswer(description, out _, out error) ? SdpErrorReason.None : Explained(error);
    }

    private static SdpErrorReason Explained(SdpError error)
    {
        if (error.Reason == SdpErrorReason.None || error.Message.Length is 0 or > 300)
            throw new InvalidOperationException("Refused without a reason, or with too long a one.");
        return error.Reason;
    }

    private static Outcome ReadBodies(Span<byte> input)
    {
        try
        {
            CallBody? call = RequestBody.ReadJson(input, RealtimeJson.Default.CallBody);
            ClientSecretRequest? secret = RequestBody.ReadJson(input, RealtimeJson.Default.ClientSecretRequest);
            _ = SessionRequest.CheckSession(call?.Session, SessionRequest.MaximumSessionBytes);
            _ = SessionRequest.CheckSession(secret?.Session, SessionRequest.MaximumSessionBytes);
            _ = AgentChoice.TextOf(call?.Session, "agent") + AgentChoice.TextOf(secret?.Session, "model");
            return Outcome.Accepted;
        }
        catch (JsonException)
        {
            // What the endpoints catch.
            return Outcome.Refused;
        }
    }

    private static readonly string[] JsonTokens =
    [
        "{", "}", "[", "]", "\"", ",", ":", "null", "true", "1e999", "-0", "1.5e-400", "99999999999999999999", "\\ud800", "\"\\ud800\"",
            "\\u0000", "\"\\udc00\":1,", "\"type\":", "\"type\":null,", "\"type\":{},", "\"id\":\"a\",\"id\":\"b\",", "\u00e9", "\\",
        "\"session\":[],", "\"item\":7,", "\"audio\":{\"input\":{\"turn_detection\":null}},", "\"threshold\":1e308,",
            "\"silence_duration_ms\":-1e300,", "\"audio_end_ms\":1e20,", "\"previous_item_id\":\"root\",", new string('[', 100),
                "\"event_id\":\"\\ud834\\u0020\",",
    ];

    private static IEnumerable<string> ClientEvents() =>
    [
        """{"type":"session.update","event_id":"evt_1","session":{"type":"realtime","instructions":"You are kind.","audio":{"input":"""
        + """{"turn_detection":"""
        + """{"type":"server_vad","threshold":0.4,"prefix_padding_ms":200,"silence_duration_ms":300,"create_response":true}},"output":"""
        + """{"voice":"alloy","speed":1.1}},"tools":[{"type":"function","name":"f","parameters":{"type":"object"}}]}}""",
        """{"type":"session.update","session":{"audio":{"input":{"turn_detection":{"type":"semantic_vad","eagerness":"high"}}}}}""",
        """{"type":"session.update","session":{"audio":{"input":{"turn_detection":null}}}}""",
        """{"type":"conversation.item.create","event_id":"evt_2","previous_item_id":"root","item":"""
        + """{"id":"item_1","type":"message","role":"user","content":[{"type":"input_text","text":"hello \"you\" \u00fc"}]}}""",
        """{"type":"conversation.item.create","previous_item_id":"item_1","item":"""
        + """{"type":"function_call_output","call_id":"call_1","output":"{\"a\":1}"}}""",
        """{"type":"conversation.item.retrieve","item_id":"item_1"}""",
        """{"type":"conversation.item.truncate","item_id":"item_1","content_index":0,"audio_end_ms":1500}""",
        """{"type":"conversation.item.delete","item_id":"item_1"}""",
        """{"type":"response.create","event_id":"evt_3","response":{"metadata":{"k":"v"},"output_modalities":["audio"]}}""",
        """{"type":"response.cancel","response_id":"resp_1"}""",
        """{"type":"input_audio_buffer.commit"}""",
        """{"type":"input_audio_buffer.clear","event_id":"evt_4"}""",
        """{"type":"input_audio_buffer.append","audio":"AAAA"}""",
        """{"type":"output_audio_buffer.clear"}""",
        """ { "type" : "response.output_audio.delta" , "delta" : "UklGRg\/+" , "response_id" : "resp_1", "item" : { "id" : "item_2", "x" """
        + """: [ 1, 2, { } ] }, "content_index" : 3 } """,
    ];

    /// <summary>A built-in agent under whatever text its caller sends, with some audio in between.</summary>
    private sealed class AgentTarget : FuzzTarget
    {
        private readonly Corpus _corpus;
        private readonly FuzzAgentHost _host = new();
        private readonly Agent _agent;
        private readonly short[] _pcm = new short[480];
        private int _taken;

        public AgentTarget(string name, Corpus corpus) : base($"Agent {name}, client events", 25_000, 8192)
        {
            _corpus = corpus;
            var catalog = new AgentCatalog(new Dictionary<string, string>(StringComparer.Ordinal), null, TimeProvider.System);
            _agent = catalog.Create(name, _host);
            _agent.Start();
            _agent.OnChannelOpen();
            for (int i = 0; i < _pcm.Length; i++) _pcm[i] = (short)(6000 * Math.Sin(i * 0.1));
        }

        public override int Make(Mutator mutator, Span<byte> buffer) => mutator.Mutate(_corpus, buffer);

        public override void Take(Span<byte> input)
        {
            _host.Pass(TimeSpan.FromMilliseconds(5));
            int errors = _host.Errors;
            _agent.OnClientEvent(input, _host.Now);
            if (_host.Errors == errors) Accepted++;
            if (_taken++ % 4 == 0) _agent.OnAudio(_pcm, _host.Now);
            if (_agent.NextTimeout <= _host.Now) _agent.OnTimer(_host.Now);
            if (_taken % 1000 == 0) _host.Downlink.Flush();
        }

        public override void Finish()
        {
            Refuse("(answered by an error)", _host.Errors);
            Require(!_host.HasEnded);
            int events = _host.Events;
            _agent.OnClientEvent("""{"type":"session.update","session":{"instructions":"still there?"}}"""u8, _host.Now);
            Require(_host.Events > events);
        }

        public override void Dispose()
        {
            _agent.Dispose();
            _host.Downlink.Dispose();
        }
    }
}

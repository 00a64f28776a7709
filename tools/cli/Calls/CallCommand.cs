using System.CommandLine;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Commands;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Dtls;
using Dapr.Voice.Opus;
using Dapr.Voice.Udp;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Cli.Calls;

/// <summary><c>./voice call</c>: plays a WAV into a call and keeps what comes back.</summary>
internal static class CallCommand
{
    private const int FrameSamples = WavFile.SampleRate / 50;

    /// <summary>Mean square of a frame that counts as speech: about -40 dBov.</summary>
    private const double SpeechMeanSquare = 320.0 * 320.0;

    /// <summary>The agent has finished when nothing more has been heard for so long.</summary>
    private static readonly TimeSpan QuietAtEnd = TimeSpan.FromSeconds(1.5);
    /// <summary>A pause longer than this is a jump of the sender's clock, and is not put into the WAV.</summary>
    private const int LongestPauseSamples = WavFile.SampleRate * 60;
    private static readonly TimeSpan SetupLimit = TimeSpan.FromSeconds(10);

    /// <summary>
    /// What was heard so shortly before the question ended does not answer it: the agent speaks over the caller, as an echo does.
    /// </summary>
    private static readonly TimeSpan Overlap = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest silence after the WAV has been said, whatever the agent promises.</summary>
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(30);

    public static Command Create(Installation installation)
    {
        var wav = new Option<string?>("--wav") { Description = "What to say: WAV, PCM 16 bit, 8 to 48 kHz" };
        var output = new Option<string?>("--out") { Description = "Where to put what is heard (WAV, 24 kHz mono)" };
        var agent = new Option<string?>("--agent") {
            Description = "local, echo, parrot, or what the server knows (default: the server's default)" };
        var server = new Option<string?>("--server") { Description = "Server URL (default: the system running here)" };
        var key = new Option<string?>("--key") {
            Description = "API key or ephemeral key (default: VOICE_API_KEY, or the running system's)" };
        var seconds = new Option<double?>("--seconds") { Description = "Stay on the line so long, saying the WAV again and again; prints "
            + "the longest gap (default: until the answer is over, or 30 s of silence)" };
        var tcp = new Option<bool>("--tcp") { Description = CallerOptions.TcpDescription };
        var via = new Option<string?>("--via") { Description = CallerOptions.ViaDescription };
        var json = new Option<bool>("--json") { Description = "Print one JSON object" };
        var command = new Command("call", "Call an agent: play a WAV, keep the answer, print times and losses") {
            wav, output, agent, server, key, seconds, tcp, via, json };
        command.SetAction(async (result, cancellation) =>
        {
            string path = result.GetValue(wav) ?? throw new CommandFailedException(
                "no WAV named", "give --wav FILE (samples/wav has some)");
            short[] question = WavFile.Read(path);
            // Before the call, not after it: what was heard would be lost.
            if (result.GetValue(output) is { } target) WavFile.EnsureWritable(target);
            if (result.GetValue(seconds) is { } given && given is < 1 or > 3600)
                throw new CommandFailedException($"--seconds {given} is out of range", "give 1 to 3600");
            var way = CallerOptions.Parse(result.GetValue(tcp), result.GetValue(via));
            await NativePackages.EnsureAsync(NativeNeed.Call, mayInstall: false, Output.Say, cancellation);
            using var access = ServerAccess.Find(installation, result.GetValue(server), result.GetValue(key));
            using var certificate = DtlsCertificate.Generate();
            using Caller caller = await Caller.DialAsync(access, result.GetValue(agent), way, certificate, cancellation);
            // Only the echo's answer is the question: of the others there is nothing to compare.
            EchoMeter? echo = (result.GetValue(agent) ?? access.Local?.DefaultAgent) == "echo"
                ? new EchoMeter(WavFile.SampleRate, result.GetValue(seconds) is null ? 0
                : (question.Length + FrameSamples - 1) / FrameSamples * FrameSamples) : null;
            var conversation = new Conversation(caller, question, result.GetValue(seconds) is { } s ? TimeSpan.FromSeconds(s) : null, echo);
            // A thread of its own: the microphone's 20 ms are not for a thread pool to keep.
            var thread = new Thread(() => conversation.Run(cancellation)) { Name = "call" };
            thread.Start();
            await Task.Run(thread.Join, CancellationToken.None);
            if (result.GetValue(output) is { } file) WavFile.Write(file, conversation.Heard);
            return Report(caller, conversation, echo?.Measure(conversation.Heard), result.GetValue(output), result.GetValue(json));
        });
        return command;
    }

    private static int Report(Caller caller, Conversation conversation, EchoDelay? echo, string? output, bool asJson)
    {
        PeerStatistics statistics = caller.Statistics;
        if (asJson)
        {
            Output.Json(new JsonObject
            {
                ["callId"] = caller.CallId,
                ["answered"] = conversation.WasAnswered,
                ["transport"] = caller.Transport,
                ["codec"] = OpusCodec.Best.Name,
                ["reconnects"] = caller.Reconnects,
                ["setupMs"] = caller.Times.ToJson(),
                ["packets"] = new JsonObject { ["sent"] = statistics.RtpSent, ["received"] = statistics.RtpReceived,
                    ["lost"] = Math.Max(0, statistics.RtpLost) + Math.Max(0, statistics.PeerReportsLost) },
                ["rttMs"] = statistics.RoundTripMilliseconds is { } rtt ? Math.Round(rtt, 2) : null,
                ["jitterMs"] = Math.Round(statistics.JitterMilliseconds, 2),
                ["longestGapMs"] = Math.Round(caller.LongestGapMilliseconds, 1),
                ["echoMs"] = echo is { } delay
                    ? new JsonObject { ["p50"] = Math.Round(delay.P50, 1), ["p95"] = Math.Round(delay.P95, 1),
                    ["max"] = Math.Round(delay.Maximum, 1) } : null,
                ["turns"] = new JsonArray(
                    [.. conversation.Turns.Select(
                    t => (JsonNode)new JsonObject { ["said"] = t.Said, ["heard"] = t.Heard, ["voiceToVoiceMs"] = t.VoiceToVoice is { } v
                    ? Math.Round(v) : null })]),
                ["out"] = output is null ? null : Path.GetFullPath(output),
                ["ended"] = conversation.Ended,
            });
        }
        else
        {
            CallTimes times = caller.Times;
            Console.WriteLine($"call {caller.CallId}: {(conversation.WasAnswered ? "answered" : "NOT answered")} ({conversation.Ended})");
            if (caller.Transport is { } transport)
                Console.WriteLine($"  transport  {transport}{(caller.Reconnects > 0 ? $", reconnected {caller.Reconnects} times" : "")}");
            Console.WriteLine(
                $"  set-up     answer {times.Answer:0} ms, ICE {times.Ice:0} ms, DTLS {times.Dtls:0} ms, channel {times.Channel:0} ms, first audio {times.FirstAudio:0} ms after the POST");
            Console.WriteLine(
                $"  packets    {statistics.RtpSent} sent, {statistics.RtpReceived} received, {Math.Max(0, statistics.RtpLost)} lost on the way here, {Math.Max(0, statistics.PeerReportsLost)} on the way there; jitter {statistics.JitterMilliseconds:0.0} ms; RTT {statistics.RoundTripMilliseconds:0.0} ms");
            Console.WriteLine($"  gap        the longest between two packets of the agent: {caller.LongestGapMilliseconds:0} ms");
            if (echo is { } measured)
                Console.WriteLine(
                    $"  echo       mouth to ear and back: p50 {measured.P50:0} ms, p95 {measured.P95:0} ms, at most {measured.Maximum:0} ms");
            foreach (Turn turn in conversation.Turns)
                Console.WriteLine(
                    $"  turn       said: {Words(turn.Said)} | heard: {(turn.Heard is null && !conversation.WasAnswered ? "(nothing)" : Words(turn.Heard))}{(turn.VoiceToVoice is { } v ? $" | voice to voice {v:0} ms" : "")}");
            if (output is not null)
                Console.WriteLine($"  heard      {output} ({conversation.Heard.Length / (double)WavFile.SampleRate:0.0} s)");
        }
        return conversation.WasAnswered ? 0 : 1;
    }

    private static string Words(string? transcript) => string.IsNullOrEmpty(transcript) ? "(no transcript)" : transcript;

    /// <summary>One turn: the transcripts where the agent gives them, and mouth to ear.</summary>
    private sealed record Turn(string? Said, string? Heard, double? VoiceToVoice);

    /// <summary>Says the question on a 20 ms schedule, listens, and knows when it is over.</summary>
    private sealed class Conversation(Caller caller, short[] question, TimeSpan? stay, EchoMeter? echo)
    {
        private readonly List<short> _heard = [];
        private readonly List<Turn> _turns = [];
        private string? _said;
        private Instant _speechEnd = Instant.Never;
        private Instant _lastHeardSpeech = Instant.Never;
        private double? _voiceToVoice;
        private uint? _firstTimestamp;
        private bool _heardSpeechAfterQuestion;
        private bool _responding;
        private Instant _silentResponse = Instant.Never;
        private bool _questionIsOver;

        public short[] Heard => [.. _heard];
        public IReadOnlyList<Turn> Turns => _turns;
        public bool WasAnswered { get; private set; }
        public string Ended { get; private set; } = "";

        public void Run(CancellationToken cancellation)
        {
            MediaThread.TryRaise();
            using IOpusEncoder encoder = OpusCodec.Best.CreateEncoder(WavFile.SampleRate);
            encoder.Bitrate = 32_000;
            encoder.InbandFec = true;
            using IOpusDecoder decoder = OpusCodec.Best.CreateDecoder(WavFile.SampleRate);
            short[] frame = new short[FrameSamples];
            byte[] payload = new byte[OpusCodec.MaximumPacketBytes];
            // 120 ms: the longest Opus packet (RFC 6716, section 2.1.4).
            short[] pcm = new short[FrameSamples * 6];
            Instant now = MonotonicClock.Now;
            caller.AudioReceived = (bytes, timestamp) => OnAudio(bytes, timestamp, decoder, pcm);
            caller.EventReceived = OnEvent;
            Instant start = now;
            Instant nextFrame = Instant.Never;
            Instant over = Instant.Never;
            int position = 0;
            int lastSpeechFrame = LastSpeechFrame(question);
            uint step = 0;
            while (!cancellation.IsCancellationRequested && !caller.IsOver)
            {
                now = MonotonicClock.Now;
                caller.Step(now);
                if (nextFrame == Instant.Never)
                {
                    if (caller.IsConnected && caller.IsChannelOpen)
                    {
                        nextFrame = now;
                        Output.Say($"call {caller.CallId}: connected");
                    }
                    else if (now - start > SetupLimit)
                    {
                        Ended = $"no connection within {SetupLimit.TotalSeconds:0} s: {(caller.Times.Ice is null ? "no answer to our STUN checks; is the relay's port reachable?" : caller.Times.Dtls is null ? "DTLS did not finish" : "the data channel did not open")}";
                        return;
                    }
                }
                while (nextFrame <= now)
                {
                    if (stay is not null && position >= question.Length) position = 0;
                    frame.AsSpan().Clear();
                    int count = Math.Clamp(question.Length - position, 0, FrameSamples);
                    if (count > 0) question.AsSpan(position, count).CopyTo(frame);
                    if (position / FrameSamples == lastSpeechFrame) _speechEnd = now;
                    position += FrameSamples;
                    int length = encoder.Encode(frame, payload);
                    if (length > 0) caller.SendAudio(payload.AsSpan(0, length), step, step == 0, now);
                    echo?.OnSpoken(frame, now);
                    step = 960;
                    nextFrame += TimeSpan.FromMilliseconds(20);
                    if (position >= question.Length && !_questionIsOver)
                    {
                        _questionIsOver = true;
                        over = now;
                    }
                }
                if (stay is { } limit ? now - start >= limit : IsAnswerOver(now, over))
                {
                    Finish(stay is not null ? $"stayed {(now - start).TotalSeconds:0} s" : _heardSpeechAfterQuestion ? "the answer is over"
                        : _silentResponse != Instant.Never ? "the agent had nothing to say"
                        : $"no answer within {AnswerLimit.TotalSeconds:0} s");
                    caller.HangUp(now);
                    return;
                }
                Thread.Sleep(1);
            }
            Finish(cancellation.IsCancellationRequested ? "interrupted" : $"the other side ended it: {caller.CloseReason}");
            if (!caller.IsOver) caller.HangUp(MonotonicClock.Now);
        }

        private void Finish(string how)
        {
            Ended = how;
            WasAnswered = caller.Times.FirstAudio is not null
                && (_heardSpeechAfterQuestion || stay is not null && _lastHeardSpeech != Instant.Never);
            if (_turns.Count == 0 && (_heardSpeechAfterQuestion || _said is not null)) _turns.Add(new Turn(_said, null, _voiceToVoice));
        }

        private bool IsAnswerOver(Instant now, Instant questionOver)
        {
            if (!_questionIsOver) return false;
            Instant lastSound = _heardSpeechAfterQuestion ? _lastHeardSpeech : Instant.Never;
            if (now - questionOver > AnswerLimit && (lastSound == Instant.Never || now - lastSound > AnswerLimit)) return true;
            if (!_heardSpeechAfterQuestion && !_responding && _silentResponse != Instant.Never && now - _silentResponse > QuietAtEnd)
                return true;
            return _heardSpeechAfterQuestion && !_responding && now - _lastHeardSpeech > QuietAtEnd && now - questionOver > QuietAtEnd;
        }

        private void OnAudio(ReadOnlyMemory<byte> bytes, uint timestamp, IOpusDecoder decoder, short[] pcm)
        {
            // The agent sends next to nothing while it is silent: its clock says where the next packet belongs. 48 kHz to 24 kHz.
            _firstTimestamp ??= timestamp;
            long at = unchecked((int)(timestamp - _firstTimestamp.Value)) / 2;
            for (long missing = Math.Min(at - _heard.Count, LongestPauseSamples); missing > 0; missing--) _heard.Add(0);
            int samples = bytes.IsEmpty ? decoder.Conceal(pcm.AsSpan(0, FrameSamples)) : decoder.Decode(bytes.Span, pcm);
            if (samples <= 0) return;
            Span<short> decoded = pcm.AsSpan(0, samples);
            if (!bytes.IsEmpty) echo?.OnHeard(_heard.Count, samples, MonotonicClock.Now);
            foreach (short sample in decoded) _heard.Add(sample);
            if (MeanSquare(decoded) < SpeechMeanSquare) return;
            Instant heardBefore = _lastHeardSpeech;
            _lastHeardSpeech = MonotonicClock.Now;
            if (_speechEnd == Instant.Never || _heardSpeechAfterQuestion) return;
            _heardSpeechAfterQuestion = true;
            bool isOverlapping = heardBefore != Instant.Never && heardBefore + Overlap >= _speechEnd;
            // While the question is said over and over there is no end of it to measure from.
            if (stay is null && !isOverlapping) _voiceToVoice = (_lastHeardSpeech - _speechEnd).TotalMilliseconds;
        }

        private void OnEvent(JsonObject occurred)
        {
            switch ((string?)occurred["type"])
            {
                case "conversation.item.input_audio_transcription.completed":
                    _said = (string?)occurred["transcript"];
                    break;
                case "response.created":
                    _responding = true;
                    _silentResponse = Instant.Never;
                    break;
                case "response.done" when !HasAudio(occurred):
                    // Nothing will be played, so nothing will be said to have stopped.
                    _responding = false;
                    _silentResponse = MonotonicClock.Now;
                    break;
                case "response.output_audio_transcript.done":
                    _turns.Add(new Turn(_said, (string?)occurred["transcript"], _turns.Count == 0 ? _voiceToVoice : null));
                    break;
                case "output_audio_buffer.stopped" or "output_audio_buffer.cleared":
                    _responding = false;
                    // The first audible frame may come after the transcript: text runs ahead of the voice.
                    if (_turns is [var first] && first.VoiceToVoice is null) _turns[0] = first with { VoiceToVoice = _voiceToVoice };
                    break;
            }
        }

        private static bool HasAudio(JsonObject done)
            => done["response"]?["output"] is JsonArray items && items.Any(
            i => i?["content"] is JsonArray parts && parts.Any(p => (string?)p?["type"] is "output_audio" or "audio"));

        private static int LastSpeechFrame(short[] samples)
        {
            for (int frame = samples.Length / FrameSamples - 1; frame >= 0; frame--)
            {
                if (MeanSquare(samples.AsSpan(frame * FrameSamples, FrameSamples)) >= SpeechMeanSquare) return frame;
            }
            return 0;
        }

        private static double MeanSquare(ReadOnlySpan<short> samples)
        {
            double sum = 0;
            foreach (short sample in samples) sum += (double)sample * sample;
            return samples.IsEmpty ? 0 : sum / samples.Length;
        }
    }
}

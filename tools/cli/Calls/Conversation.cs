using System.Text.Json.Nodes;
using Dapr.Voice.Opus;
using Dapr.Voice.Udp;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Cli.Calls;

/// <summary>
/// One turn: the transcripts, if the agent sends them, and the time from the end of the question to the first sound of the answer in
/// milliseconds.
/// </summary>
internal sealed record Turn(string? Said, string? Heard, double? VoiceToVoice);

/// <summary>
/// Says the question in frames of 20 ms, records what is heard, and notices the end of the answer. Everything runs on the thread that calls
/// <see cref="Run"/>.
/// </summary>
/// <param name="stay">How long to stay on the line, repeating the question. Null to hang up after the answer.</param>
/// <param name="echo">Measures the delay of an echo. Null for an agent that does not echo.</param>
/// <param name="say">Gets one line of progress when the call is connected.</param>
internal sealed class Conversation(Caller caller, short[] question, TimeSpan? stay, EchoMeter? echo, Action<string> say)
{
    private const int FrameSamples = WavFile.SampleRate / 50;

    /// <summary>The mean square above which a frame counts as speech: about -40 dBov.</summary>
    private const double SpeechMeanSquare = 320.0 * 320.0;

    /// <summary>The answer is over when nothing has been heard for this long.</summary>
    private static readonly TimeSpan QuietAtEnd = TimeSpan.FromSeconds(1.5);
    /// <summary>A longer pause is a jump of the sender's clock. It is not written to the WAV.</summary>
    private const int LongestPauseSamples = WavFile.SampleRate * 60;
    private static readonly TimeSpan SetupLimit = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Speech that was heard this shortly before the end of the question is not an answer: the agent speaks over the caller, as an echo
    /// does.
    /// </summary>
    private static readonly TimeSpan Overlap = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest silence after the question. The call then ends, even if the agent has announced a response.</summary>
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(30);

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

    /// <summary>How the call ended, in words.</summary>
    public string Ended { get; private set; } = "";

    /// <summary>True if the call went on, with audio, until this side ended it or was interrupted.</summary>
    public bool WasWhole { get; private set; }

    public void Run(CancellationToken cancellation)
    {
        MediaThread.TryRaise();
        using IOpusEncoder encoder = OpusCodec.Best.CreateEncoder(WavFile.SampleRate);
        encoder.Bitrate = 32_000;
        encoder.InbandFec = true;
        using IOpusDecoder decoder = OpusCodec.Best.CreateDecoder(WavFile.SampleRate);
        short[] frame = new short[FrameSamples];
        byte[] payload = new byte[OpusCodec.MaximumPacketBytes];
        // The longest Opus packet lasts 120 ms (RFC 6716, section 2.1.4).
        short[] pcm = new short[FrameSamples * 6];
        Instant now = MonotonicClock.Now;
        caller.AudioReceived = (bytes, frame) => OnAudio(bytes, frame.Timestamp, decoder, pcm);
        caller.EventReceived = OnEvent;
        Instant start = now;
        Instant connected = Instant.Never;
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
                    connected = nextFrame = now;
                    say($"call {caller.CallId}: connected");
                }
                else if (now - start > SetupLimit)
                {
                    string stage = caller.Times.Ice is null ? "STUN checks got no response; is the port of the relay reachable?"
                        : caller.Times.Dtls is null ? "DTLS did not finish" : "the data channel did not open";
                    Ended = $"no connection within {SetupLimit.TotalSeconds:0} s: {stage}";
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
            // The time on the line begins with the connection. A slow set-up must not leave nothing of it.
            if (stay is { } limit ? connected != Instant.Never && now - connected >= limit : IsAnswerOver(now, over))
            {
                caller.HangUp(now);
                Finish(stay is not null ? $"stayed {(now - connected).TotalSeconds:0} s" : _heardSpeechAfterQuestion ? "the answer is over"
                    : _silentResponse != Instant.Never ? "the agent had nothing to say"
                    : $"no answer within {AnswerLimit.TotalSeconds:0} s", byUs: true);
                return;
            }
            Thread.Sleep(1);
        }
        bool isOver = caller.IsOver;
        if (!isOver) caller.HangUp(MonotonicClock.Now);
        Finish(isOver ? WhyOver(caller) : "interrupted", byUs: !isOver);
    }

    private static string WhyOver(Caller caller) => caller.CloseReason switch
    {
        PeerCloseReason.ConsentExpired => $"the connection was lost: nothing came for {caller.SilenceAtEnd.TotalSeconds:0} s",
        PeerCloseReason.ByPeer => $"the other side ended it: {caller.CloseReason}",
        _ => $"the connection failed: {caller.CloseReason}",
    };

    private void Finish(string how, bool byUs)
    {
        bool lostAudio = caller.SilenceAtEnd > Caller.LongestSilenceAtEnd;
        Ended = byUs && lostAudio ? $"{how}, but no audio came for the last {caller.SilenceAtEnd.TotalSeconds:0.0} s" : how;
        WasWhole = byUs && !lostAudio;
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
        // The agent sends almost nothing while it is silent, so the RTP timestamp says where the packet belongs. It counts at 48 kHz, the
        // recording at 24 kHz.
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
        // A question that is repeated has no end to measure from.
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
                // This response has no audio, so no output_audio_buffer.stopped follows.
                _responding = false;
                _silentResponse = MonotonicClock.Now;
                break;
            case "response.output_audio_transcript.done":
                _turns.Add(new Turn(_said, (string?)occurred["transcript"], _turns.Count == 0 ? _voiceToVoice : null));
                break;
            case "output_audio_buffer.stopped" or "output_audio_buffer.cleared":
                _responding = false;
                // The transcript may arrive before the first audible frame, because text is sent faster than speech.
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

using System.Text.Json.Nodes;
using Dapr.Voice.Opus;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Cli.Calls;

/// <summary>One turn: the transcripts where the agent gives them, and mouth to ear.</summary>
internal sealed record Turn(string? Said, string? Heard, double? VoiceToVoice);

/// <summary>Says the question on a 20 ms schedule, listens, and knows when it is over.</summary>
internal sealed class Conversation(Caller caller, short[] question, TimeSpan? stay, EchoMeter? echo, Action<string> say)
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
                    say($"call {caller.CallId}: connected");
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

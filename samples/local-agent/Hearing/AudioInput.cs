using System.Runtime.InteropServices;
using Dapr.Voice.Turns;

namespace Dapr.Voice.LocalAgent.Hearing;

internal enum AudioInputEventKind : byte { SpeechStarted, Paused, SpeechStopped }

/// <param name="AudioMilliseconds">Position since the session began.</param>
internal readonly record struct AudioInputEvent(AudioInputEventKind Kind, long AudioMilliseconds);

/// <summary>
/// The input audio buffer: cuts what is appended into frames, finds the turns in them (unless the client does that itself) and keeps the
/// audio of the current turn, bounded.
/// </summary>
internal sealed class AudioInput
{
    /// <summary>A turn is ended there. No command takes so long; a radio in the room does.</summary>
    public const int MaximumTurnSeconds = 30;

    /// <summary>A pause of this length starts the recognition that is needed if the turn ends there.</summary>
    public const int PauseMilliseconds = 240;

    /// <summary>20 ms.</summary>
    public const int FrameBytes = VoiceActivityDetector.FrameSamples * 2;

    // What the recogniser gets before the first spoken frame, whatever prefix the client asked to be told of.
    private const int LeadMilliseconds = 300;

    private const int SamplesPerMillisecond = 24;
    private const int HistorySamples = (LeadMilliseconds + 200) * SamplesPerMillisecond;

    private readonly short[] _frame = new short[VoiceActivityDetector.FrameSamples];
    private readonly List<short> _audio = [];
    private TurnDetector? _turns = new();
    private int _frameFill;
    private byte? _oddByte;
    private int _quietFrames;
    private long _frames;

    /// <summary>Null: the client says itself when a turn ends (<c>turn_detection: null</c>).</summary>
    public TurnOptions? Detection
    {
        get => _turns?.Options;
        set
        {
            if (value is null) _turns = null;
            else if (_turns is null) _turns = new TurnDetector(value.Value);
            else _turns.Options = value.Value;
        }
    }

    public bool IsSpeaking => _turns?.IsSpeaking ?? false;

    /// <summary>Somebody spoke after the last <see cref="AudioInputEventKind.Paused"/>, so what was recognised then is not all.</summary>
    public bool HasSpokenSincePause { get; private set; }

    /// <summary>Milliseconds of audio appended so far.</summary>
    public long PositionMilliseconds => _frames * VoiceActivityDetector.FrameMilliseconds;

    /// <param name="pcm">PCM16 little endian, mono, 24 kHz; at most <see cref="FrameBytes"/>, so that at most one event comes of
    /// it.</param>
    public AudioInputEvent? Append(ReadOnlySpan<byte> pcm)
    {
        AudioInputEvent? occurred = null;
        if (_oddByte is { } low && !pcm.IsEmpty)
        {
            _oddByte = null;
            occurred = Add((short)(low | pcm[0] << 8));
            pcm = pcm[1..];
        }
        if ((pcm.Length & 1) != 0)
        {
            _oddByte = pcm[^1];
            pcm = pcm[..^1];
        }
        foreach (short sample in MemoryMarshal.Cast<byte, short>(pcm)) occurred = Add(sample) ?? occurred;
        return occurred;
    }

    /// <summary>What was said so far, cut to the speech in it.</summary>
    public short[] CutUtterance() => Utterance.Cut(CollectionsMarshal.AsSpan(_audio));

    /// <summary>Takes the turn out of the buffer; false if there is less than 100 ms in it.</summary>
    public bool TryCommit(out short[] utterance)
    {
        utterance = [];
        // With detection on, what lies in the buffer outside of a turn is only the silence before the next one.
        if (_turns is not null && !_turns.IsSpeaking) return false;
        if (_audio.Count < 100 * SamplesPerMillisecond) return false;
        _turns?.Stop();
        utterance = CutUtterance();
        _audio.Clear();
        return true;
    }

    public void Clear()
    {
        _turns?.Stop();
        _audio.Clear();
        _frameFill = 0;
        _oddByte = null;
    }

    /// <summary>Ends the turn before the silence is over: what was said is complete.</summary>
    public long StopTurn()
    {
        _turns?.Stop();
        return PositionMilliseconds;
    }

    /// <summary>Takes the audio of the turn that has just stopped.</summary>
    public short[] TakeTurn()
    {
        short[] utterance = CutUtterance();
        _audio.Clear();
        return utterance;
    }

    private AudioInputEvent? Add(short sample)
    {
        _frame[_frameFill++] = sample;
        if (_frameFill < _frame.Length) return null;
        _frameFill = 0;
        _frames++;
        _audio.AddRange(_frame);
        if (_turns is null)
        {
            TrimTo(MaximumTurnSeconds * 1000 * SamplesPerMillisecond);
            return null;
        }
        TurnEvent occurred = _turns.Process(_frame);
        if (occurred.Kind == TurnEventKind.SpeechStarted)
        {
            _quietFrames = 0;
            HasSpokenSincePause = true;
            return new AudioInputEvent(AudioInputEventKind.SpeechStarted, occurred.AudioMilliseconds);
        }
        if (occurred.Kind == TurnEventKind.SpeechStopped)
            return new AudioInputEvent(AudioInputEventKind.SpeechStopped, occurred.AudioMilliseconds);
        if (_turns.IsSpeaking) return WithinTurn();
        TrimTo(HistorySamples);
        return null;
    }

    private AudioInputEvent? WithinTurn()
    {
        if (_audio.Count >= MaximumTurnSeconds * 1000 * SamplesPerMillisecond)
            return new AudioInputEvent(AudioInputEventKind.SpeechStopped, _turns!.Stop().AudioMilliseconds);
        _quietFrames = _turns!.Detector.IsActive ? 0 : _quietFrames + 1;
        HasSpokenSincePause |= _quietFrames == 0;
        if (_quietFrames != PauseMilliseconds / VoiceActivityDetector.FrameMilliseconds) return null;
        HasSpokenSincePause = false;
        return new AudioInputEvent(AudioInputEventKind.Paused, PositionMilliseconds);
    }

    private void TrimTo(int samples)
    {
        // In steps, so that the list is not moved for each frame.
        if (_audio.Count > samples + 10 * _frame.Length) _audio.RemoveRange(0, _audio.Count - samples);
    }
}

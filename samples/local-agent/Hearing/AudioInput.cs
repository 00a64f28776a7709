using System.Runtime.InteropServices;
using Dapr.Voice.Turns;

namespace Dapr.Voice.LocalAgent.Hearing;

internal enum AudioInputEventKind : byte { SpeechStarted, Paused, SpeechStopped }

/// <param name="AudioMilliseconds">The position since the session began.</param>
internal readonly record struct AudioInputEvent(AudioInputEventKind Kind, long AudioMilliseconds);

/// <summary>
/// The input audio buffer. It cuts appended audio into frames, finds the turns in them unless the client does that itself, and keeps the
/// audio of the current turn up to a limit.
/// </summary>
internal sealed class AudioInput
{
    /// <summary>A turn ends after this time. No command takes that long, but a radio in the room does.</summary>
    public const int MaximumTurnSeconds = 30;

    /// <summary>After a pause of this length, recognition starts, in case the turn ends there.</summary>
    public const int PauseMilliseconds = 240;

    /// <summary>The bytes of 20 ms.</summary>
    public const int FrameBytes = VoiceActivityDetector.FrameSamples * 2;

    // How much the recogniser gets before the first spoken frame, whatever prefix the client asked for.
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

    /// <summary>Null if the client itself says when a turn ends (<c>turn_detection: null</c>).</summary>
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

    /// <summary>
    /// There was speech after the last <see cref="AudioInputEventKind.Paused"/>, so what was recognised then is incomplete.
    /// </summary>
    public bool HasSpokenSincePause { get; private set; }

    /// <summary>The milliseconds of audio appended so far.</summary>
    public long PositionMilliseconds => _frames * VoiceActivityDetector.FrameMilliseconds;

    /// <param name="pcm">PCM16, little endian, mono, 24 kHz. At most <see cref="FrameBytes"/>, so that at most one event results.</param>
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

    /// <summary>Returns what was said so far, without the silence around it.</summary>
    public short[] CutUtterance() => Utterance.Cut(CollectionsMarshal.AsSpan(_audio));

    /// <summary>Takes the turn out of the buffer. Returns false if the buffer has less than 100 ms.</summary>
    public bool TryCommit(out short[] utterance)
    {
        utterance = [];
        // With turn detection, the audio outside of a turn is only the silence before the next turn.
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

    /// <summary>Ends the turn before the silence is over, because what was said is complete.</summary>
    public long StopTurn()
    {
        _turns?.Stop();
        return PositionMilliseconds;
    }

    /// <summary>Takes the audio of the turn that has just ended.</summary>
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
        // The list is cut in steps, so that it is not moved for each frame.
        if (_audio.Count > samples + 10 * _frame.Length) _audio.RemoveRange(0, _audio.Count - samples);
    }
}

namespace Dapr.Voice.Turns;

/// <summary>
/// Cuts a stream of 20 ms frames (PCM16 mono, 24 kHz) into turns: speech begins with 60 ms of voice and ends with a silence. A
/// single loud frame, a click, neither begins a turn nor prolongs one.
/// </summary>
public sealed class TurnDetector
{
    /// <summary>The shortest "yes" has more; a door, a key, a cough's attack has less.</summary>
    public const int MinimumSpeechMilliseconds = 60;

    private const int MinimumSpeechFrames = MinimumSpeechMilliseconds / VoiceActivityDetector.FrameMilliseconds;
    private const int ProlongingFrames = 2;

    private readonly VoiceActivityDetector _detector;
    private TurnOptions _options;
    private int _activeRun;
    private int _silentFrames;

    public TurnDetector(TurnOptions options)
    {
        _options = options.Clamped();
        _detector = new VoiceActivityDetector(_options.Threshold);
    }

    public TurnDetector(double threshold = 0.5, int prefixPaddingMilliseconds = 300, int silenceMilliseconds = 500)
        : this(new TurnOptions(threshold, prefixPaddingMilliseconds, silenceMilliseconds)) { }

    /// <summary>May change at any time, in the middle of a turn too; the noise floor stays known.</summary>
    public TurnOptions Options
    {
        get => _options;
        set
        {
            _options = value.Clamped();
            _detector.Threshold = _options.Threshold;
        }
    }

    /// <summary>Between a start and its stop.</summary>
    public bool IsSpeaking { get; private set; }

    /// <summary>Milliseconds of audio seen so far.</summary>
    public long PositionMilliseconds { get; private set; }

    /// <summary>For meters and logs.</summary>
    public VoiceActivityDetector Detector => _detector;

    /// <param name="frame">480 samples.</param>
    public TurnEvent Process(ReadOnlySpan<short> frame)
    {
        bool isActive = _detector.Process(frame);
        PositionMilliseconds += VoiceActivityDetector.FrameMilliseconds;
        _activeRun = isActive ? _activeRun + 1 : 0;
        return IsSpeaking ? TryStop() : TryStart();
    }

    /// <summary>Ends the turn now, whatever is heard (it grew too long, or the client committed it).</summary>
    public TurnEvent Stop()
    {
        if (!IsSpeaking) return TurnEvent.None;
        IsSpeaking = false;
        _activeRun = 0;
        return new TurnEvent(TurnEventKind.SpeechStopped, PositionMilliseconds);
    }

    private TurnEvent TryStart()
    {
        if (_activeRun < MinimumSpeechFrames) return TurnEvent.None;
        IsSpeaking = true;
        _silentFrames = 0;
        long firstSpoken = PositionMilliseconds - _activeRun * VoiceActivityDetector.FrameMilliseconds;
        return new TurnEvent(TurnEventKind.SpeechStarted, Math.Max(0, firstSpoken - _options.PrefixPaddingMilliseconds));
    }

    private TurnEvent TryStop()
    {
        _silentFrames = _activeRun >= ProlongingFrames ? 0 : _silentFrames + 1;
        return _silentFrames * VoiceActivityDetector.FrameMilliseconds < _options.SilenceMilliseconds ? TurnEvent.None : Stop();
    }
}

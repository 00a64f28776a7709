namespace Dapr.Voice.Turns;

/// <summary>
/// Cuts a stream of 20 ms frames (PCM16 mono, 24 kHz) into turns. A turn starts with 60 ms of voice and ends with a silence. A single loud
/// frame, such as a click, neither starts nor extends a turn.
/// </summary>
public sealed class TurnDetector
{
    /// <summary>The shortest "yes" is longer. The sound of a door, of a key or the start of a cough is shorter.</summary>
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

    /// <summary>The options may change at any time, also during a turn. The noise floor is kept.</summary>
    public TurnOptions Options
    {
        get => _options;
        set
        {
            _options = value.Clamped();
            _detector.Threshold = _options.Threshold;
        }
    }

    /// <summary>True between the start and the end of a turn.</summary>
    public bool IsSpeaking { get; private set; }

    /// <summary>The milliseconds of audio processed so far.</summary>
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

    /// <summary>Ends the turn now, whatever is heard: it became too long, or the client committed it.</summary>
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

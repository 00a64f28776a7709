namespace Dapr.Voice.Turns;

/// <summary>
/// Says of each 20 ms of PCM16 mono at 24 kHz whether somebody speaks: level against a noise floor that follows the room.
/// The floor is the minimum of the level over the last three seconds (speech has a gap in any three seconds, noise has
/// none), and jumps at once to a level that holds still for 600 ms (speech never does, a fan that starts does). Same input, same
/// output; nothing is allocated after construction.
/// </summary>
public sealed class VoiceActivityDetector
{
    public const int SampleRate = 24_000;
    public const int FrameSamples = 480;
    public const int FrameMilliseconds = 20;

    /// <summary>Digital silence between words must not make the next breath look loud.</summary>
    public const double LowestFloor = -70;

    /// <summary>A floor above this would take loud speech for noise.</summary>
    public const double HighestFloor = -20;

    // Noise up to here is not taken for speech before the floor is known.
    private const double InitialFloor = -42;

    // The level's minimum lies below its mean by about this much for the noises of rooms.
    private const double MinimumBias = 1.5;

    // What was active stays so down to this far below the onset: the ends of words.
    private const double Hysteresis = 4;

    // Two poles at 115 Hz: no offset, 16 dB less hum, no rumble of a desk; a deep voice loses its fundamental, not its formants.
    private const float HighPassPole = 0.97f;

    private const double SilentLevel = -100;

    private const int BlockFrames = 15;
    private const int Blocks = 10;

    private const int SteadyFrames = 30;
    private const double SteadyDeviation = 1.0;

    private readonly double[] _blockMinima = new double[Blocks];
    private readonly double[] _recentLevels = new double[SteadyFrames];
    private float _previousInput;
    private float _previousFirst;
    private float _previousSecond;
    private bool _hasInput;
    private double _previousLevel = SilentLevel;
    private double _blockMinimum = double.PositiveInfinity;
    private int _blockFrames;
    private int _block;
    private int _recent;
    private int _recentCount;
    private double _threshold;

    /// <param name="threshold">0 to 1 as in <c>server_vad</c>: higher wants louder speech.</param>
    public VoiceActivityDetector(double threshold = 0.5)
    {
        Threshold = threshold;
        Array.Fill(_blockMinima, InitialFloor);
    }

    /// <summary>0 to 1; what lies outside is brought to the nearer end. 0.5 asks for 10 dB above the floor and for -58 dBFS.</summary>
    public double Threshold
    {
        get => _threshold;
        set => _threshold = double.IsNaN(value) ? 0.5 : Math.Clamp(value, 0, 1);
    }

    /// <summary>Level of the last frame in dBFS (a full-scale square wave is 0), after the high-pass.</summary>
    public double Level { get; private set; } = SilentLevel;

    /// <summary>The noise floor in dBFS.</summary>
    public double NoiseFloor { get; private set; } = InitialFloor;

    /// <summary>The last frame was speech.</summary>
    public bool IsActive { get; private set; }

    private double Onset => Math.Max(NoiseFloor + 3 + 14 * _threshold, -68 + 20 * _threshold);

    /// <param name="frame">480 samples.</param>
    /// <returns><see cref="IsActive"/></returns>
    public bool Process(ReadOnlySpan<short> frame)
    {
        if (frame.Length != FrameSamples) throw new ArgumentException("A frame has 480 samples.", nameof(frame));
        double power = FilteredPower(frame);
        Level = power > 0 ? Math.Max(SilentLevel, 10 * Math.Log10(power)) : SilentLevel;
        double onset = Onset;
        IsActive = Level >= (IsActive ? onset - Hysteresis : onset);
        TrackMinimum();
        TrackSteadiness();
        return IsActive;
    }

    // Mean square with full scale = 1.
    private double FilteredPower(ReadOnlySpan<short> frame)
    {
        if (!_hasInput)
        {
            // A constant offset present from the start is no event.
            _previousInput = frame[0];
            _hasInput = true;
        }
        float input = _previousInput, first = _previousFirst, second = _previousSecond;
        double sum = 0;
        foreach (short sample in frame)
        {
            float before = first;
            first = sample - input + HighPassPole * first;
            second = first - before + HighPassPole * second;
            input = sample;
            sum += second * second;
        }
        _previousInput = input;
        // Left to decay they become denormal numbers, which cost a hundred times as much.
        _previousFirst = Math.Abs(first) < 1e-6f ? 0 : first;
        _previousSecond = Math.Abs(second) < 1e-6f ? 0 : second;
        return sum / (FrameSamples * 32768.0 * 32768.0);
    }

    private void TrackMinimum()
    {
        // The louder of two frames: a gap between words of 40 ms counts, a zero crossing of slow noise does not.
        double level = Math.Max(Level, _previousLevel);
        _previousLevel = Level;
        _blockMinimum = Math.Min(_blockMinimum, level);
        if (++_blockFrames == BlockFrames)
        {
            _blockMinima[_block] = _blockMinimum;
            _block = (_block + 1) % Blocks;
            _blockMinimum = double.PositiveInfinity;
            _blockFrames = 0;
        }
        double minimum = _blockMinimum;
        foreach (double of in _blockMinima) minimum = Math.Min(minimum, of);
        NoiseFloor = Math.Clamp(minimum + MinimumBias, LowestFloor, HighestFloor);
    }

    private void TrackSteadiness()
    {
        _recentLevels[_recent] = Level;
        _recent = (_recent + 1) % SteadyFrames;
        _recentCount = Math.Min(_recentCount + 1, SteadyFrames);
        if (!IsActive || _recentCount < SteadyFrames) return;
        double sum = 0, squares = 0;
        foreach (double level in _recentLevels)
        {
            sum += level;
            squares += level * level;
        }
        double mean = sum / SteadyFrames;
        if (squares / SteadyFrames - mean * mean > SteadyDeviation * SteadyDeviation) return;
        Array.Fill(_blockMinima, mean - MinimumBias);
        _blockMinimum = double.PositiveInfinity;
        NoiseFloor = Math.Clamp(mean, LowestFloor, HighestFloor);
        IsActive = false;
    }
}

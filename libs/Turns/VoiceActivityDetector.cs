namespace Dapr.Voice.Turns;

/// <summary>
/// Decides for each 20 ms of PCM16 mono at 24 kHz whether somebody speaks. It compares the level with a noise floor that follows the room.
/// The floor is the minimum of the level over the last three seconds, because speech has gaps in that time and noise has none. If the level
/// is constant for 600 ms, the floor moves to it at once: speech is never constant, but a fan that starts is. The same input gives the same
/// output. Nothing is allocated after construction.
/// </summary>
public sealed class VoiceActivityDetector
{
    public const int SampleRate = 24_000;
    public const int FrameSamples = 480;
    public const int FrameMilliseconds = 20;

    /// <summary>A limit, so that a breath after digital silence between words does not count as loud.</summary>
    public const double LowestFloor = -70;

    /// <summary>With a higher floor, loud speech would count as noise.</summary>
    public const double HighestFloor = -20;

    // Noise up to this level does not count as speech before the floor is known.
    private const double InitialFloor = -42;

    // For the noise of rooms, the minimum of the level is about this much below its mean.
    private const double MinimumBias = 1.5;

    // Active speech stays active down to this far below the onset, which keeps the ends of words.
    private const double Hysteresis = 4;

    // Two poles at 115 Hz remove the offset, the rumble of a desk and 16 dB of hum. A deep voice loses its fundamental but not its
    // formants.
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

    /// <param name="threshold">0 to 1 as in <c>server_vad</c>. A higher value requires louder speech.</param>
    public VoiceActivityDetector(double threshold = 0.5)
    {
        Threshold = threshold;
        Array.Fill(_blockMinima, InitialFloor);
    }

    /// <summary>
    /// 0 to 1. Values outside are set to the nearer limit. 0.5 requires 10 dB above the floor and at least -58 dBFS.
    /// </summary>
    public double Threshold
    {
        get => _threshold;
        set => _threshold = double.IsNaN(value) ? 0.5 : Math.Clamp(value, 0, 1);
    }

    /// <summary>The level of the last frame in dBFS, after the high-pass filter. A full-scale square wave has 0 dBFS.</summary>
    public double Level { get; private set; } = SilentLevel;

    /// <summary>The noise floor in dBFS.</summary>
    public double NoiseFloor { get; private set; } = InitialFloor;

    /// <summary>True if the last frame was speech.</summary>
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

    // Returns the mean square, where full scale is 1.
    private double FilteredPower(ReadOnlySpan<short> frame)
    {
        if (!_hasInput)
        {
            // An offset that is present from the start is not a sound.
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
        // Without this they would decay to denormal numbers, which cost a hundred times as much.
        _previousFirst = Math.Abs(first) < 1e-6f ? 0 : first;
        _previousSecond = Math.Abs(second) < 1e-6f ? 0 : second;
        return sum / (FrameSamples * 32768.0 * 32768.0);
    }

    private void TrackMinimum()
    {
        // The louder of two frames counts. So a gap of 40 ms between words lowers the level, and a zero crossing of slow noise does not.
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

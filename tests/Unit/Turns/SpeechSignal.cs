namespace Dapr.Voice.Tests.Unit.Turns;

/// <summary>
/// A seeded source of audio that looks like speech to a level meter: a glottal pulse train through two formants, shaped into
/// syllables of 80 to 220 ms with gaps, over noise of any level. Levels are dBFS.
/// </summary>
internal sealed class SpeechSignal(int seed)
{
    private const int Rate = 24_000;
    private readonly Random _random = new(seed);
    private readonly List<double> _samples = [];

    public double NoiseLevel { get; set; } = double.NegativeInfinity;
    public double Offset { get; set; }

    /// <summary>0 is white; nearer to 1 is browner.</summary>
    public double NoiseColour { get; set; }

    private double _noise;

    public int Milliseconds => _samples.Count * 1000 / Rate;

    public SpeechSignal Silence(int milliseconds)
    {
        for (int i = 0; i < milliseconds * Rate / 1000; i++) Add(0);
        return this;
    }

    public SpeechSignal Speech(int milliseconds, double level)
    {
        int end = _samples.Count + milliseconds * Rate / 1000;
        // 8 brings the mean power of pulses, formants, syllable shape and gaps to the level asked for
        double amplitude = Math.Pow(10, level / 20) * 8;
        while (_samples.Count < end)
        {
            int length = Math.Min(end - _samples.Count, _random.Next(80, 220) * Rate / 1000);
            double pitch = _random.Next(95, 230), strength = 0.5 + _random.NextDouble() * 0.5;
            double first = _random.Next(300, 800), second = _random.Next(900, 2300);
            double phase = 0;
            for (int i = 0; i < length; i++)
            {
                phase += pitch / Rate;
                double pulse = Math.Exp(-6 * (phase - Math.Floor(phase)));
                double t = i / (double)Rate;
                double voice = pulse * (Math.Sin(2 * Math.PI * first * t) + 0.5 * Math.Sin(2 * Math.PI * second * t));
                Add(voice * amplitude * strength * Math.Sin(Math.PI * i / length));
            }
            int gap = Math.Min(end - _samples.Count, _random.Next(10, 90) * Rate / 1000);
            for (int i = 0; i < gap; i++) Add(0);
        }
        return this;
    }

    public SpeechSignal Tone(int milliseconds, double hertz, double level)
    {
        double amplitude = Math.Pow(10, level / 20) * Math.Sqrt(2);
        for (int i = 0; i < milliseconds * Rate / 1000; i++) Add(amplitude * Math.Sin(2 * Math.PI * hertz * i / Rate));
        return this;
    }

    public SpeechSignal Click(double amplitude)
    {
        for (int i = 0; i < 240; i++) Add(amplitude * Math.Exp(-i / 40.0) * (i % 2 == 0 ? 1 : -1));
        return this;
    }

    /// <summary>Whole frames of 20 ms, clipped to 16 bits.</summary>
    public IEnumerable<short[]> Frames()
    {
        for (int start = 0; start + 480 <= _samples.Count; start += 480)
        {
            short[] frame = new short[480];
            for (int i = 0; i < 480; i++) frame[i] = (short)Math.Clamp(_samples[start + i] * 32768, short.MinValue, short.MaxValue);
            yield return frame;
        }
    }

    private void Add(double sample)
    {
        if (!double.IsNegativeInfinity(NoiseLevel))
        {
            double white = Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
            _noise = NoiseColour * _noise + Math.Sqrt(1 - NoiseColour * NoiseColour) * white;
            sample += _noise * Math.Pow(10, NoiseLevel / 20);
        }
        _samples.Add(sample + Offset);
    }
}

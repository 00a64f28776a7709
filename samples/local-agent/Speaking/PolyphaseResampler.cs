namespace Dapr.Voice.LocalAgent.Speaking;

/// <summary>
/// Changes the sample rate by a ratio of small integers. It uses a windowed sinc low-pass, of which each output sample needs one phase. It
/// keeps its state from block to block. <see cref="Flush"/> returns the last samples.
/// </summary>
internal sealed class PolyphaseResampler
{
    // With a Kaiser window of beta 8 (80 dB), 32 taps per phase leave a transition of about a tenth of the band. No alias is audible, and
    // no speech is lost.
    private const int TapsPerPhase = 32;
    private const double KaiserBeta = 8;
    private const double PassBand = 0.92;

    private readonly int _up;
    private readonly int _down;
    private readonly int _taps;
    private readonly float[] _phases;
    private readonly List<short> _input = [];
    private int _phase;

    public PolyphaseResampler(int fromRate, int toRate)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(fromRate);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(toRate);
        int divisor = GreatestCommonDivisor(fromRate, toRate);
        _up = toRate / divisor;
        _down = fromRate / divisor;
        // When the rate is lowered, the low-pass is narrower, so it is longer by the same factor.
        _taps = (int)Math.Ceiling(TapsPerPhase * Math.Max(1.0, (double)_down / _up) / 2) * 2;
        _phases = Design();
        // Half a filter length of silence at the start keeps the output aligned with the input.
        for (int i = 0; i < _taps / 2 - 1; i++) _input.Add(0);
    }

    /// <summary>Converts a whole recording.</summary>
    public static short[] Convert(ReadOnlySpan<short> samples, int fromRate, int toRate)
    {
        var resampler = new PolyphaseResampler(fromRate, toRate);
        var output = new List<short>((int)((long)samples.Length * toRate / fromRate) + 16);
        resampler.Process(samples, output);
        resampler.Flush(output);
        return [.. output];
    }

    public void Process(ReadOnlySpan<short> samples, List<short> output)
    {
        foreach (short sample in samples) _input.Add(sample);
        int position = 0;
        while (position + _taps <= _input.Count)
        {
            float sum = 0;
            int phase = _phase * _taps;
            for (int i = 0; i < _taps; i++) sum += _phases[phase + i] * _input[position + i];
            output.Add((short)Math.Clamp(MathF.Round(sum), short.MinValue, short.MaxValue));
            _phase += _down;
            position += _phase / _up;
            _phase %= _up;
        }
        // Samples before the next window are not needed any more. A step may even go past the end.
        int used = Math.Min(position, _input.Count);
        _input.RemoveRange(0, used);
    }

    public void Flush(List<short> output) => Process(new short[_taps / 2], output);

    private float[] Design()
    {
        float[] phases = new float[_up * _taps];
        // The cut-off as a part of the input's sample rate.
        double cutoff = 0.5 * PassBand * Math.Min(1.0, (double)_up / _down);
        double half = _taps / 2.0;
        for (int phase = 0; phase < _up; phase++)
        {
            double sum = 0;
            for (int i = 0; i < _taps; i++)
            {
                double at = i - (half - 1) - (double)phase / _up;
                double value = 2 * cutoff * Sinc(2 * cutoff * at) * Kaiser(at / half);
                phases[phase * _taps + i] = (float)value;
                sum += value;
            }
            // Every phase has the same gain. Otherwise a constant input would become a tone.
            for (int i = 0; i < _taps; i++) phases[phase * _taps + i] /= (float)sum;
        }
        return phases;
    }

    private static double Sinc(double x) => Math.Abs(x) < 1e-9 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x);

    private static double Kaiser(double x) => Math.Abs(x) > 1 ? 0 : Bessel(KaiserBeta * Math.Sqrt(1 - x * x)) / Bessel(KaiserBeta);

    // The modified Bessel function of the first kind, order zero.
    private static double Bessel(double x)
    {
        double sum = 1, term = 1;
        for (int k = 1; term > 1e-12 * sum; k++)
        {
            term *= x * x / (4.0 * k * k);
            sum += term;
        }
        return sum;
    }

    private static int GreatestCommonDivisor(int a, int b) => b == 0 ? a : GreatestCommonDivisor(b, a % b);
}

using System.Numerics;
using System.Runtime.InteropServices;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Cli.Calls;

/// <summary>Delays of the echo in milliseconds, one sample for each 20 ms of speech that was found again.</summary>
internal readonly record struct EchoDelay(double P50, double P95, double Maximum, int Samples);

/// <summary>
/// How long our own voice takes through the whole system and back: from when a sample was spoken until it could be played, with
/// packetisation and the codec's look-ahead on both ways, without sound cards and playout buffer. Speech is found again by correlation,
/// since it comes back through another encoder.
/// </summary>
/// <param name="period">Samples after which what is said is said again: an echo is never looked for so far off that the next one would be
/// found. 0: never.</param>
internal sealed class EchoMeter(int sampleRate, int period)
{
    /// <summary>Correlation at 4 kHz: the pitch and two formants of a voice, at a quarter of a millisecond.</summary>
    private const int CorrelationRate = 4_000;
    private const int WindowSamples = CorrelationRate / 5;

    /// <summary>How late the echo may be at first.</summary>
    private const int LongestSamples = 2 * CorrelationRate;

    /// <summary>First around the place where it was last: a drop of the echo's oldest frames moves it by 20 ms.</summary>
    private const int NearSamples = CorrelationRate / 20;
    private const double Found = 0.6;
    private const double SpeechMeanSquare = 320.0 * 320.0;

    /// <summary>Windows that are looked at, spread over the call: half a minute of speech.</summary>
    private const int MaximumWindows = 150;

    /// <summary>Searches of the whole reach: what a network has mangled is not to cost minutes.</summary>
    private const int MaximumSearches = 50;

    private readonly int _decimation = sampleRate / CorrelationRate;
    private readonly List<short> _spoken = [];
    private readonly List<Instant> _spokenAt = [];
    private readonly List<(int Position, int Samples, Instant At)> _heard = [];
    private int _frameSamples;

    /// <summary>One frame of the microphone, complete at <paramref name="at"/>; all are equally long.</summary>
    public void OnSpoken(ReadOnlySpan<short> frame, Instant at)
    {
        _frameSamples = frame.Length;
        _spoken.AddRange(frame);
        _spokenAt.Add(at);
    }

    /// <summary>A packet's samples take this place in what was heard.</summary>
    public void OnHeard(int position, int samples, Instant at) => _heard.Add((position, samples, at));

    /// <param name="heard">All that was heard, at the rate of the microphone.</param>
    /// <returns>Null where no echo was found.</returns>
    public EchoDelay? Measure(ReadOnlySpan<short> heard)
    {
        if (_heard.Count == 0 || _spokenAt.Count == 0) return null;
        float[] said = Decimate(CollectionsMarshal.AsSpan(_spoken)), back = Decimate(heard);
        var starts = new List<int>();
        for (int start = 0; start + WindowSamples <= said.Length; start += WindowSamples)
        {
            if (Energy(said, start) / WindowSamples >= SpeechMeanSquare) starts.Add(start);
        }
        var delays = new List<double>();
        // An echo without delay would lie so far from where it was spoken: the recording begins with its first packet.
        double lead = (_heard[0].At - _spokenAt[0]).TotalSeconds * CorrelationRate;
        int? offset = null;
        int searches = 0;
        for (int i = 0; i < Math.Min(starts.Count, MaximumWindows); i++)
        {
            int start = starts[(int)((long)i * starts.Count / Math.Min(starts.Count, MaximumWindows))];
            int? found = offset is { } last ? Search(said, start, back, last - NearSamples, last + NearSamples) : null;
            if (found is null && searches++ < MaximumSearches)
            {
                int half = period > 0 ? Math.Min(LongestSamples, period / _decimation / 2) : LongestSamples;
                found = offset is { } centre
                    ? Search(said, start, back, centre - half, centre + half)
                    : Search(said, start, back, (int)-lead - CorrelationRate / 50,
                    (int)-lead + Math.Min(LongestSamples, 2 * half - NearSamples));
            }
            if (found is not { } at) continue;
            offset = at;
            AddDelays(delays, start, at);
        }
        if (delays.Count == 0) return null;
        delays.Sort();
        return new EchoDelay(delays[delays.Count / 2], delays[Math.Min(delays.Count - 1, (int)(delays.Count * 0.95))], delays[^1],
            delays.Count);
    }

    /// <summary>The middle of each frame of a window: when it was spoken, and when it could be played.</summary>
    private void AddDelays(List<double> delays, int start, int offset)
    {
        int from = start * _decimation, until = from + WindowSamples * _decimation;
        for (int frame = (from + _frameSamples - 1) / _frameSamples; (frame + 1) * _frameSamples <= until && frame < _spokenAt.Count;
            frame++)
        {
            int middle = frame * _frameSamples + _frameSamples / 2;
            int place = middle + offset * _decimation;
            if (PacketAt(place) is not { } packet) continue;
            Instant spoken = _spokenAt[frame] - TimeSpan.FromSeconds(_frameSamples / 2.0 / sampleRate);
            Instant played = packet.At + TimeSpan.FromSeconds((place - packet.Position) / (double)sampleRate);
            delays.Add((played - spoken).TotalMilliseconds);
        }
    }

    private (int Position, Instant At)? PacketAt(int place)
    {
        int low = 0, high = _heard.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            (int position, int samples, Instant at) = _heard[middle];
            if (place < position) high = middle - 1;
            else if (place >= position + samples) low = middle + 1;
            else return (position, at);
        }
        return null;
    }

    private static int? Search(float[] said, int start, float[] back, int from, int to)
    {
        double window = Energy(said, start);
        double best = Found;
        int? found = null;
        for (int offset = Math.Max(from, -start); offset <= to && start + offset + WindowSamples <= back.Length; offset++)
        {
            double product = Product(said, start, back, start + offset);
            double energy = Energy(back, start + offset);
            double likeness = energy > 0 ? product / Math.Sqrt(window * energy) : 0;
            if (likeness <= best) continue;
            best = likeness;
            found = offset;
        }
        return found;
    }

    private static double Energy(float[] samples, int start) => Product(samples, start, samples, start);

    private static double Product(float[] a, int atA, float[] b, int atB)
    {
        ReadOnlySpan<Vector<float>> x = MemoryMarshal.Cast<float, Vector<float>>(a.AsSpan(atA, WindowSamples)),
            y = MemoryMarshal.Cast<float, Vector<float>>(b.AsSpan(atB, WindowSamples));
        Vector<float> sum = Vector<float>.Zero;
        for (int i = 0; i < x.Length; i++) sum += x[i] * y[i];
        // 800 samples are a whole number of vectors of 4, 8 and 16.
        return Vector.Sum(sum);
    }

    private float[] Decimate(ReadOnlySpan<short> samples)
    {
        float[] decimated = new float[samples.Length / _decimation];
        for (int i = 0; i < decimated.Length; i++)
        {
            int sum = 0;
            for (int j = 0; j < _decimation; j++) sum += samples[i * _decimation + j];
            decimated[i] = sum / (float)_decimation;
        }
        return decimated;
    }
}

using System.Numerics;
using System.Runtime.InteropServices;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Cli.Calls;

/// <summary>Delays of the echo in milliseconds. There is one sample for each 20 ms of speech that was found in the echo.</summary>
internal readonly record struct EchoDelay(double P50, double P95, double Maximum, int Samples);

/// <summary>
/// Measures how long the caller's own voice takes through the whole system and back. The delay starts when a sample has been spoken and
/// ends when it could be played. It includes packetisation and the codec's look-ahead in both directions, but no sound card and no playout
/// buffer. The echo comes from another encoder, so it is found by correlation. Single-threaded.
/// </summary>
/// <param name="sampleRate">The rate of both signals in Hz: a multiple of 4,000.</param>
/// <param name="period">The number of samples after which the speech repeats, or 0 if it does not. The search never reaches half a period,
/// so that it cannot find the next repetition.</param>
internal sealed class EchoMeter(int sampleRate, int period)
{
    /// <summary>
    /// The rate of the correlation in Hz. 4 kHz has the pitch and two formants of a voice, and resolves a quarter of a millisecond.
    /// </summary>
    private const int CorrelationRate = 4_000;
    private const int WindowSamples = CorrelationRate / 5;

    /// <summary>The longest delay at which the first search looks.</summary>
    private const int LongestSamples = 2 * CorrelationRate;

    /// <summary>
    /// The next search begins this close to the last result. If the echo drops its oldest frames, the result moves by 20 ms.
    /// </summary>
    private const int NearSamples = CorrelationRate / 20;
    private const double Found = 0.6;
    private const double SpeechMeanSquare = 320.0 * 320.0;

    /// <summary>How many windows are searched. They are spread over the call, and together they are half a minute of speech.</summary>
    private const int MaximumWindows = 150;

    /// <summary>How many searches use the whole range. The limit keeps a badly damaged recording from taking minutes.</summary>
    private const int MaximumSearches = 50;

    private readonly int _decimation = sampleRate / CorrelationRate;
    private readonly List<short> _spoken = [];
    private readonly List<Instant> _spokenAt = [];
    private readonly List<(int Position, int Samples, Instant At)> _heard = [];
    private int _frameSamples;

    /// <summary>Adds one frame of the microphone that was complete at <paramref name="at"/>. All frames have the same length.</summary>
    public void OnSpoken(ReadOnlySpan<short> frame, Instant at)
    {
        _frameSamples = frame.Length;
        _spoken.AddRange(frame);
        _spokenAt.Add(at);
    }

    /// <summary>Says where the samples of a packet lie in the recording, and when the packet arrived.</summary>
    public void OnHeard(int position, int samples, Instant at) => _heard.Add((position, samples, at));

    /// <param name="heard">The whole recording, at the rate of the microphone.</param>
    /// <returns>Null if no echo was found.</returns>
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
        // The recording begins with its first packet. An echo without delay would therefore lie this far before the place where it was
        // spoken.
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

    /// <summary>Adds a delay for the middle of each frame in the window.</summary>
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
        // 800 samples are a whole number of vectors of 4, 8 or 16 floats.
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

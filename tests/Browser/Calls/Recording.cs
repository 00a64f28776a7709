using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Dapr.Voice.Tests.Browser.Calls;

/// <summary>The remote voice as the page heard it. Times are milliseconds of the page's clock.</summary>
internal sealed class Recording
{
    /// <summary>-40 dBFS. Any speech is louder, and a decoder's comfort noise is not.</summary>
    private const double Audible = 0.01;

    private const double WindowMs = 20;

    // This window finds a beginning. It is too short to judge a level.
    private const double OnsetWindowMs = 4;

    private readonly short[] _samples;
    private readonly double _startedAt;

    private Recording(short[] samples, int sampleRate, double startedAt)
        => (_samples, SampleRate, _startedAt) = (samples, sampleRate, startedAt);

    public int SampleRate { get; }

    public static Recording Read(JsonNode node)
    {
        byte[] bytes = Convert.FromBase64String((string)node["pcm"]!);
        return new Recording(MemoryMarshal.Cast<byte, short>(bytes).ToArray(), (int)(double)node["sampleRate"]!,
            (double)node["startedAt"]!);
    }

    public ReadOnlySpan<short> Between(double from, double to) => _samples.AsSpan()[IndexOf(from)..IndexOf(to)];

    /// <summary>The root mean square. Full scale is 1.</summary>
    public double Level(double from, double to)
    {
        ReadOnlySpan<short> part = Between(from, to);
        if (part.Length == 0) return 0;
        double sum = 0;
        foreach (short sample in part) sum += (double)sample * sample;
        return Math.Sqrt(sum / part.Length) / short.MaxValue;
    }

    /// <returns>The beginning of the first audible 20 ms, or null.</returns>
    public double? FirstAudible(double from, double to)
        => Windows(from, to).Where(w => Level(w, w + WindowMs) >= Audible).Select(w => (double?)w).FirstOrDefault();

    /// <returns>The end of the last audible 20 ms, or null.</returns>
    public double? LastAudible(double from, double to)
        => Windows(from, to).Where(w => Level(w, w + WindowMs) >= Audible).Select(w => (double?)(w + WindowMs)).LastOrDefault();

    /// <returns>The beginning of the first audible 4 ms, or null.</returns>
    public double? Onset(double from, double to)
    {
        for (double at = from; at + OnsetWindowMs <= to; at++)
        {
            if (Level(at, at + OnsetWindowMs) >= Audible) return at;
        }
        return null;
    }

    /// <summary>The longest time without an audible 20 ms.</summary>
    /// <returns>Its beginning and length. An end equal to <paramref name="to"/> means that it had not ended.</returns>
    public (double From, double Length) LongestSilence(double from, double to)
    {
        (double From, double Length) longest = (from, 0);
        double begin = from;
        foreach (double at in Windows(from, to))
        {
            if (Level(at, at + WindowMs) >= Audible) begin = at + WindowMs;
            else if (at + WindowMs - begin > longest.Length) longest = (begin, at + WindowMs - begin);
        }
        return longest;
    }

    public void Save(string path) => TestKit.Speech.WavFile.Write(path, _samples, SampleRate);

    private static IEnumerable<double> Windows(double from, double to)
    {
        for (double at = from; at + WindowMs <= to; at += WindowMs) yield return at;
    }

    private int IndexOf(double at) => Math.Clamp((int)((at - _startedAt) / 1000 * SampleRate), 0, _samples.Length);
}

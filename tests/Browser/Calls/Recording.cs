using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Dapr.Voice.Tests.Browser.Calls;

/// <summary>The remote voice as the page heard it. Times are milliseconds of the page's clock.</summary>
internal sealed class Recording
{
    /// <summary>-40 dBFS: any speech is above it, a decoder's comfort noise below.</summary>
    private const double Audible = 0.01;

    private const double WindowMs = 20;

    private readonly short[] _samples;
    private readonly double _startedAt;

    private Recording(short[] samples, int sampleRate, double startedAt) => (_samples, SampleRate, _startedAt) = (samples, sampleRate, startedAt);

    public int SampleRate { get; }

    public static Recording Read(JsonNode node)
    {
        byte[] bytes = Convert.FromBase64String((string)node["pcm"]!);
        return new Recording(MemoryMarshal.Cast<byte, short>(bytes).ToArray(), (int)(double)node["sampleRate"]!, (double)node["startedAt"]!);
    }

    public ReadOnlySpan<short> Between(double from, double to) => _samples.AsSpan()[IndexOf(from)..IndexOf(to)];

    /// <summary>Root mean square, full scale = 1.</summary>
    public double Level(double from, double to)
    {
        var part = Between(from, to);
        if (part.Length == 0) return 0;
        double sum = 0;
        foreach (short sample in part) sum += (double)sample * sample;
        return Math.Sqrt(sum / part.Length) / short.MaxValue;
    }

    /// <returns>The begin of the first audible 20 ms, or null.</returns>
    public double? FirstAudible(double from, double to) => Windows(from, to).Where(w => Level(w, w + WindowMs) >= Audible).Select(w => (double?)w).FirstOrDefault();

    /// <returns>The end of the last audible 20 ms, or null.</returns>
    public double? LastAudible(double from, double to) => Windows(from, to).Where(w => Level(w, w + WindowMs) >= Audible).Select(w => (double?)(w + WindowMs)).LastOrDefault();

    public void Save(string path) => TestKit.Speech.WavFile.Write(path, _samples, SampleRate);

    private static IEnumerable<double> Windows(double from, double to)
    {
        for (double at = from; at + WindowMs <= to; at += WindowMs) yield return at;
    }

    private int IndexOf(double at) => Math.Clamp((int)((at - _startedAt) / 1000 * SampleRate), 0, _samples.Length);
}

using Dapr.Voice.Cli.Calls;
using Dapr.Voice.Cli.Drills.Measures;

namespace Dapr.Voice.Cli.Drills.Calls;

/// <summary>
/// Audio frames of 20 ms at 24 kHz with three tones, which survive Opus twice. A voice could not be numbered, and RTP's numbers end at the
/// transceiver.
/// </summary>
internal static class ToneCode
{
    public const int FrameSamples = WavFile.SampleRate / 50;

    /// <summary>Opus delays by 6.5 ms: so many samples at the beginning of a frame still belong to the frame before.</summary>
    private const int DelaySamples = 160;
    // 300 Hz between the groups, so that the tone of one is not taken for the edge of the next.
    private const double LowHz = 300, MiddleHz = 2100, HighHz = 3900, StepHz = 100, Amplitude = 5000;

    /// <summary>The mean square of a frame that is heard: -40 dBov, as <c>./voice call</c> has it.</summary>
    private const double AudibleMeanSquare = 320.0 * 320.0;

    /// <summary>How much more power the loudest tone must have than the next one.</summary>
    private const double Clear = 3.0;

    private static readonly double[] Frequencies =
    [
        .. Enumerable.Range(0, ToneSymbol.Tones).Select(i => LowHz + i * StepHz),
        .. Enumerable.Range(0, ToneSymbol.Tones).Select(i => MiddleHz + i * StepHz),
        .. Enumerable.Range(0, ToneSymbol.Tones).Select(i => HighHz + i * StepHz),
    ];

    /// <summary>Twice the cosine of each tone's step, for the filter of Goertzel.</summary>
    private static readonly double[] Steps = [.. Frequencies.Select(f => 2 * Math.Cos(2 * Math.PI * f / WavFile.SampleRate))];

    /// <summary>
    /// A frame of each tone. Each has a whole number of periods, so it goes on without a break, or begins and ends at zero.
    /// </summary>
    private static readonly double[][] Waves = [.. Frequencies.Select(f => Enumerable.Range(0, FrameSamples)
        .Select(i => Amplitude * Math.Sin(2 * Math.PI * f / WavFile.SampleRate * i)).ToArray())];

    /// <param name="frame"><see cref="FrameSamples"/> samples.</param>
    public static void Write(ToneSymbol symbol, Span<short> frame)
    {
        double[] low = Waves[symbol.Low], middle = Waves[ToneSymbol.Tones + symbol.Middle],
            high = Waves[2 * ToneSymbol.Tones + symbol.High];
        for (int i = 0; i < frame.Length; i++) frame[i] = (short)(low[i] + middle[i] + high[i]);
    }

    /// <summary>True if the frame has sound, be it one of ours or not.</summary>
    public static bool IsAudible(ReadOnlySpan<short> frame)
    {
        double sum = 0;
        foreach (short sample in frame) sum += (double)sample * sample;
        return frame.Length > 0 && sum / frame.Length >= AudibleMeanSquare;
    }

    /// <summary>Reads a decoded frame that has the boundaries of the packets.</summary>
    /// <returns>Null if the tones are not clear.</returns>
    public static ToneSymbol? Read(ReadOnlySpan<short> frame)
    {
        if (frame.Length <= DelaySamples) return null;
        ReadOnlySpan<short> window = frame[DelaySamples..];
        return Loudest(window, 0) is { } low && Loudest(window, ToneSymbol.Tones) is { } middle
            && Loudest(window, 2 * ToneSymbol.Tones) is { } high ? new ToneSymbol(low, middle, high) : null;
    }

    private static int? Loudest(ReadOnlySpan<short> window, int first)
    {
        double best = 0, second = 0;
        int loudest = 0;
        for (int tone = 0; tone < ToneSymbol.Tones; tone++)
        {
            double power = Power(window, Steps[first + tone]);
            if (power > best) (best, second, loudest) = (power, best, tone);
            else if (power > second) second = power;
        }
        return best > Clear * second && best > 0 ? loudest : null;
    }

    private static double Power(ReadOnlySpan<short> window, double step)
    {
        double before = 0, last = 0;
        foreach (short sample in window) (before, last) = (last, sample + step * last - before);
        return last * last + before * before - step * last * before;
    }
}

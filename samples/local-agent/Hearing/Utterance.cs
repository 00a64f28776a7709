using Dapr.Voice.Turns;

namespace Dapr.Voice.LocalAgent.Hearing;

/// <summary>Cuts a recording down to what was spoken. With long silence at the ends, pocketsphinx hears nonsense (measured).</summary>
internal static class Utterance
{
    private const int PaddingFrames = 300 / VoiceActivityDetector.FrameMilliseconds;

    /// <returns>An empty array if nobody speaks.</returns>
    public static short[] Cut(ReadOnlySpan<short> samples)
    {
        var detector = new VoiceActivityDetector(0.5);
        int first = -1, last = -1, frames = samples.Length / VoiceActivityDetector.FrameSamples, run = 0;
        for (int i = 0; i < frames; i++)
        {
            run = detector.Process(samples.Slice(i * VoiceActivityDetector.FrameSamples, VoiceActivityDetector.FrameSamples)) ? run + 1 : 0;
            if (run < 2) continue;
            if (first < 0) first = i - 1;
            last = i;
        }
        if (first < 0) return [];
        int start = Math.Max(0, first - PaddingFrames), end = Math.Min(frames, last + 1 + PaddingFrames);
        return samples[(start * VoiceActivityDetector.FrameSamples)..(end * VoiceActivityDetector.FrameSamples)].ToArray();
    }
}

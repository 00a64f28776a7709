using System.Runtime.InteropServices;
using Dapr.Voice.Native;
using Dapr.Voice.Turns;

namespace Dapr.Voice.TestKit.Speech;

/// <summary>
/// Recognises recordings with a JSGF grammar, so that a test proves intelligible speech and not only packets. Use it from one thread at a
/// time.
/// </summary>
public sealed class GrammarRecognizer : IDisposable
{
    private const int ModelRate = 16_000;
    private const int CutRate = 24_000;
    private const int PaddingFrames = 15;

    private readonly PocketSphinxHandle _decoder;

    /// <param name="grammar">A JSGF grammar with words of the CMU dictionary.</param>
    public GrammarRecognizer(string grammar)
    {
        _decoder = LibPocketSphinx.Create(
            Path.Combine(SpeechTools.ModelFolder, "en-us"), Path.Combine(SpeechTools.ModelFolder, "cmudict-en-us.dict"));
        if (_decoder.IsInvalid || LibPocketSphinx.ps_set_jsgf_string(_decoder, "test", grammar) != 0
            || LibPocketSphinx.ps_set_search(_decoder, "test") != 0)
            throw new InvalidOperationException("The model or the grammar could not be loaded.");
    }

    /// <returns>The words, or an empty string. Silence at both ends is cut off first, because the recogniser hears nonsense in
    /// it.</returns>
    public string Recognize(ReadOnlySpan<short> samples, int sampleRate)
    {
        short[] speech = SampleRate.Convert(Cut(SampleRate.Convert(samples, sampleRate, CutRate)), CutRate, ModelRate);
        if (speech.Length == 0) return "";
        LibPocketSphinx.ps_start_utt(_decoder);
        LibPocketSphinx.ps_process_raw(_decoder, speech, (nuint)speech.Length, 0, 1);
        LibPocketSphinx.ps_end_utt(_decoder);
        return Marshal.PtrToStringUTF8(LibPocketSphinx.ps_get_hyp(_decoder, out _)) ?? "";
    }

    public void Dispose() => _decoder.Dispose();

    private static short[] Cut(short[] samples)
    {
        var detector = new VoiceActivityDetector();
        int first = -1, last = -1, frames = samples.Length / VoiceActivityDetector.FrameSamples;
        for (int i = 0; i < frames; i++)
        {
            if (!detector.Process(samples.AsSpan(i * VoiceActivityDetector.FrameSamples, VoiceActivityDetector.FrameSamples))) continue;
            if (first < 0) first = i;
            last = i;
        }
        if (first < 0) return [];
        return samples[(Math.Max(0, first - PaddingFrames)
            * VoiceActivityDetector.FrameSamples)..(Math.Min(frames, last + 1 + PaddingFrames) * VoiceActivityDetector.FrameSamples)];
    }
}

using System.Threading.Channels;
using Dapr.Voice.Native;

namespace Dapr.Voice.LocalAgent.Speaking;

/// <summary>
/// espeak-ng on its own thread, because a process has one instance of the library and it is not thread-safe. It speaks one sentence at a
/// time (in a few milliseconds), so that a long answer does not keep other conversations waiting.
/// </summary>
internal sealed class SpeechSynthesizer : IDisposable
{
    public const int SampleRate = 24_000;

    // Limits the memory of one sentence: about 20 s of speech.
    public const int MaximumSentenceCharacters = 300;

    // The number of sentences of all conversations that may wait. Each takes a few milliseconds.
    private const int MaximumWaiting = 256;

    // The first samples are sent after this much speech, and a stop takes effect.
    private const int ChunkMilliseconds = 60;

    private readonly Channel<SpeechJob> _jobs = Channel.CreateBounded<SpeechJob>(MaximumWaiting);
    private readonly Thread _thread;
    private readonly int _nativeRate;

    public SpeechSynthesizer(LocalAgentOptions options)
    {
        _nativeRate = LibEspeakNg.espeak_Initialize(
            LibEspeakNg.AUDIO_OUTPUT_SYNCHRONOUS, ChunkMilliseconds, 0, LibEspeakNg.espeakINITIALIZE_DONT_EXIT);
        if (_nativeRate <= 0)
            throw new InvalidOperationException("espeak-ng found no data. Install it with: apt-get install espeak-ng-data");
        if (LibEspeakNg.espeak_SetVoiceByName(options.Voice) != LibEspeakNg.EE_OK)
            throw new InvalidOperationException($"espeak-ng has no voice '{options.Voice}'.");
        LibEspeakNg.espeak_SetParameter(LibEspeakNg.espeakRATE, options.WordsPerMinute, 0);
        _thread = new Thread(Run) { Name = "speech", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Speaks one sentence. Its samples can be read while it is being spoken.</summary>
    public async ValueTask<ChannelReader<short[]>> SpeakAsync(string sentence, CancellationToken cancelled)
    {
        // The channel has no limit, but the length of a sentence limits it. The only thread must not wait for one reader.
        var samples = Channel.CreateUnbounded<short[]>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        string text = sentence.Length <= MaximumSentenceCharacters ? sentence : sentence[..MaximumSentenceCharacters];
        await _jobs.Writer.WriteAsync(new SpeechJob(text, samples.Writer, cancelled), cancelled);
        return samples.Reader;
    }

    public void Dispose()
    {
        _jobs.Writer.TryComplete();
        _thread.Join();
    }

    private void Run()
    {
        ChannelReader<SpeechJob> reader = _jobs.Reader;
        while (reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (reader.TryRead(out SpeechJob? job)) Speak(job);
        }
    }

    private void Speak(SpeechJob job)
    {
        var resampler = new PolyphaseResampler(_nativeRate, SampleRate);
        var converted = new List<short>();
        int result = LibEspeakNg.EE_OK;
        if (!job.Cancelled.IsCancellationRequested)
        {
            result = LibEspeakNg.Synthesize(job.Sentence, samples =>
            {
                resampler.Process(samples, converted);
                HandOver(job, converted);
                return !job.Cancelled.IsCancellationRequested;
            });
            resampler.Flush(converted);
            HandOver(job, converted);
        }
        job.Samples.TryComplete(result == LibEspeakNg.EE_OK ? null : new InvalidOperationException($"espeak-ng answered {result}."));
    }

    private static void HandOver(SpeechJob job, List<short> samples)
    {
        if (samples.Count == 0) return;
        job.Samples.TryWrite([.. samples]);
        samples.Clear();
    }
}

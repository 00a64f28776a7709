using System.Runtime.InteropServices;
using System.Text;
using System.Threading.Channels;
using Dapr.Voice.LocalAgent.Speaking;
using Dapr.Voice.Native;

namespace Dapr.Voice.LocalAgent.Hearing;

/// <summary>
/// A few pocketsphinx decoders that conversations use in turn. Loading a decoder takes 0.1 s, and an utterance takes about as long.
/// </summary>
internal sealed class SpeechRecognizer : IDisposable
{
    private const int ModelRate = 16_000;
    private const string Commands = "commands";
    private const string AnySpeech = "anyspeech";

    // A grammar always finds its best match, even for speech that is not in it. So the same audio is also matched against any sequence of
    // sounds. A real command scores higher in the grammar (1.9 to 17 per frame: four voices, 17 sentences), and other speech scores lower
    // (-26 to 1.8).
    private const double MinimumLead = 1.0;

    // The remaining error is long speech that is recognised as a short word ("my dog has eaten the newspaper" as "bye bye"). It has 0.24 s
    // or more for each letter, where commands have 0.02 to 0.06 s.
    private const double MaximumSecondsPerLetter = 0.15;

    // The silence that Utterance leaves around the speech.
    private const double PaddingSeconds = 0.6;

    // The phones of the model (README of pocketsphinx-en-us). Each is also a word of its own.
    private static readonly string[] s_phones =
        ("AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH").Split(' ');

    private readonly Channel<PocketSphinxHandle> _decoders;
    private readonly List<PocketSphinxHandle> _all = [];

    public SpeechRecognizer(LocalAgentOptions options)
    {
        int count = options.Decoders > 0 ? options.Decoders : Environment.ProcessorCount;
        _decoders = Channel.CreateBounded<PocketSphinxHandle>(count);
        for (int i = 0; i < count; i++)
        {
            PocketSphinxHandle decoder = Load(options.ModelFolder);
            _all.Add(decoder);
            _decoders.Writer.TryWrite(decoder);
        }
    }

    /// <summary>Recognises one utterance, from which the silence has been cut.</summary>
    /// <param name="samples">PCM16, mono, 24 kHz.</param>
    /// <returns>The words of the command in lower case, or null if it is not a command.</returns>
    public async Task<string?> RecognizeAsync(short[] samples, CancellationToken cancelled)
    {
        if (samples.Length == 0) return null;
        PocketSphinxHandle decoder = await _decoders.Reader.ReadAsync(cancelled);
        try
        {
            return await Task.Run(() => Recognize(decoder, samples), cancelled);
        }
        finally
        {
            _decoders.Writer.TryWrite(decoder);
        }
    }

    public void Dispose()
    {
        foreach (PocketSphinxHandle decoder in _all) decoder.Dispose();
    }

    private static string? Recognize(PocketSphinxHandle decoder, short[] samples)
    {
        short[] converted = PolyphaseResampler.Convert(samples, SpeechSynthesizer.SampleRate, ModelRate);
        string? words = Search(decoder, Commands, converted, out int score);
        if (words is null) return null;
        int frames = Math.Max(1, LibPocketSphinx.ps_get_n_frames(decoder));
        Search(decoder, AnySpeech, converted, out int anyScore);
        double seconds = samples.Length / (double)SpeechSynthesizer.SampleRate - PaddingSeconds;
        bool isTooSlow = seconds / words.Count(char.IsLetter) > MaximumSecondsPerLetter;
        return !isTooSlow && (score - anyScore) / (double)frames >= MinimumLead ? words : null;
    }

    private static string? Search(PocketSphinxHandle decoder, string search, short[] samples, out int score)
    {
        LibPocketSphinx.ps_set_search(decoder, search);
        LibPocketSphinx.ps_start_utt(decoder);
        LibPocketSphinx.ps_process_raw(decoder, samples, (nuint)samples.Length, 0, 1);
        LibPocketSphinx.ps_end_utt(decoder);
        string? words = Marshal.PtrToStringUTF8(LibPocketSphinx.ps_get_hyp(decoder, out score));
        return string.IsNullOrWhiteSpace(words) ? null : words;
    }

    private static PocketSphinxHandle Load(string modelFolder)
    {
        PocketSphinxHandle decoder = LibPocketSphinx.Create(
            Path.Combine(modelFolder, "en-us"), Path.Combine(modelFolder, "cmudict-en-us.dict"));
        if (decoder.IsInvalid)
            throw new InvalidOperationException($"No speech model in {modelFolder}. Install it with: apt-get install pocketsphinx-en-us");
        var anySpeech = new StringBuilder("#JSGF V1.0;\ngrammar anyspeech;\npublic <any> = (");
        for (int i = 0; i < s_phones.Length; i++)
        {
            string word = "phone" + s_phones[i];
            LibPocketSphinx.ps_add_word(decoder, word, s_phones[i], i == s_phones.Length - 1 ? 1 : 0);
            anySpeech.Append(i > 0 ? " | " : "").Append(word);
        }
        anySpeech.Append(")+;\n");
        if (LibPocketSphinx.ps_set_jsgf_string(decoder, Commands, CommandGrammar.Text) != 0
            || LibPocketSphinx.ps_set_jsgf_string(decoder, AnySpeech, anySpeech.ToString()) != 0)
            throw new InvalidOperationException("The recogniser refused the grammar.");
        return decoder;
    }
}

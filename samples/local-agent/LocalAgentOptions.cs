using Dapr.Voice.Hosting;

namespace Dapr.Voice.LocalAgent;

/// <summary>The settings, in the section <c>LocalAgent</c> (<c>LocalAgent__MaximumSessions=8</c> in the environment).</summary>
internal sealed record LocalAgentOptions : IServiceOptions
{
    public static string Section => "LocalAgent";

    /// <summary>The largest number of conversations at once. Another one is refused with status 503.</summary>
    public int MaximumSessions { get; set; } = 64;

    /// <summary>A conversation ends after this many minutes, as it does in the hosted services.</summary>
    public int MaximumSessionMinutes { get; set; } = 60;

    /// <summary>
    /// The number of recognisers. Each needs about 40 MB and handles one utterance at a time (in less than 0.2 s). 0 means one for each
    /// core.
    /// </summary>
    public int Decoders { get; set; }

    /// <summary>The folder of the speech model. The default is that of the Debian package pocketsphinx-en-us.</summary>
    public string ModelFolder { get; set; } = "/usr/share/pocketsphinx/model/en-us";

    /// <summary>
    /// A voice of espeak-ng. Of 34 variants, a recogniser understood this one best: 18 of 18 answers. It understood 14 answers of the plain
    /// en-us voice.
    /// </summary>
    public string Voice { get; set; } = "en-us+f2";

    /// <summary>The speed of speech in words per minute, 80 to 450.</summary>
    public int WordsPerMinute { get; set; } = 150;

    /// <summary>
    /// Speech is sent at once up to this far ahead of the listener, and then at <see cref="SpeechSpeed"/>. So an interruption still finds
    /// speech to cancel.
    /// </summary>
    public double SpeechLeadSeconds { get; set; } = 3;

    /// <summary>The speed of sending, as a multiple of real time.</summary>
    public double SpeechSpeed { get; set; } = 2;

    /// <inheritdoc/>
    public IEnumerable<string> Problems()
    {
        if (MaximumSessions < 1) yield return "LocalAgent__MaximumSessions: 1 or more.";
        if (MaximumSessionMinutes < 1) yield return "LocalAgent__MaximumSessionMinutes: 1 or more.";
        if (Decoders < 0) yield return "LocalAgent__Decoders: 0 or more.";
        if (WordsPerMinute is < 80 or > 450) yield return "LocalAgent__WordsPerMinute: 80 to 450.";
        if (SpeechLeadSeconds < 0) yield return "LocalAgent__SpeechLeadSeconds: 0 or more.";
        if (SpeechSpeed < 1) yield return "LocalAgent__SpeechSpeed: 1 or more.";
    }
}

using Dapr.Voice.Hosting;

namespace Dapr.Voice.LocalAgent;

/// <summary>Settings, section <c>LocalAgent</c> of the configuration (<c>LocalAgent__MaximumSessions=8</c> in the environment).</summary>
internal sealed record LocalAgentOptions : IServiceOptions
{
    public static string Section => "LocalAgent";

    /// <summary>Conversations at once; one more is refused with 503.</summary>
    public int MaximumSessions { get; set; } = 64;

    /// <summary>A conversation ends after so many minutes, as the hosted services end theirs.</summary>
    public int MaximumSessionMinutes { get; set; } = 60;

    /// <summary>Recognisers, each about 40 MB and one utterance at a time (under 0.2 s). 0: one for each core.</summary>
    public int Decoders { get; set; }

    /// <summary>Where the Debian package pocketsphinx-en-us puts its model.</summary>
    public string ModelFolder { get; set; } = "/usr/share/pocketsphinx/model/en-us";

    /// <summary>
    /// A voice of espeak-ng. Of 34 variants tried this one was understood best: 18 of 18 answers by a recogniser, the plain en-us 14.
    /// </summary>
    public string Voice { get; set; } = "en-us+f2";

    /// <summary>Words per minute, 80 to 450.</summary>
    public int WordsPerMinute { get; set; } = 150;

    /// <summary>
    /// Speech is sent at once up to so far ahead of the listener, then at <see cref="SpeechSpeed"/>, so that a barge-in still finds
    /// something to cancel.
    /// </summary>
    public double SpeechLeadSeconds { get; set; } = 3;

    /// <summary>Times real time.</summary>
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

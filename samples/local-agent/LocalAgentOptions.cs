namespace Dapr.Voice.LocalAgent;

/// <summary>Settings, section <c>LocalAgent</c> of the configuration (<c>LocalAgent__MaximumSessions=8</c> in the environment).</summary>
internal sealed record LocalAgentOptions
{
    /// <summary>Conversations at once; one more is refused with 503.</summary>
    public int MaximumSessions { get; init; } = 64;

    /// <summary>A conversation ends after so many minutes, as the hosted services end theirs.</summary>
    public int MaximumSessionMinutes { get; init; } = 60;

    /// <summary>Recognisers, each about 40 MB and one utterance at a time (under 0.2 s). 0: one for each core.</summary>
    public int Decoders { get; init; }

    /// <summary>Where the Debian package pocketsphinx-en-us puts its model.</summary>
    public string ModelFolder { get; init; } = "/usr/share/pocketsphinx/model/en-us";

    /// <summary>A voice of espeak-ng. Of 34 variants tried this one was understood best: 18 of 18 answers by a recogniser, the plain en-us 14.</summary>
    public string Voice { get; init; } = "en-us+f2";

    /// <summary>Words per minute, 80 to 450.</summary>
    public int WordsPerMinute { get; init; } = 150;

    /// <summary>Speech is sent at once up to so far ahead of the listener, then at <see cref="SpeechSpeed"/>, so that a barge-in still finds something to cancel.</summary>
    public double SpeechLeadSeconds { get; init; } = 3;

    /// <summary>Times real time.</summary>
    public double SpeechSpeed { get; init; } = 2;

    public void Validate()
    {
        if (MaximumSessions < 1 || MaximumSessionMinutes < 1 || Decoders < 0) throw new InvalidOperationException("LocalAgent: MaximumSessions and MaximumSessionMinutes are at least 1, Decoders at least 0.");
        if (WordsPerMinute is < 80 or > 450) throw new InvalidOperationException("LocalAgent: WordsPerMinute is 80 to 450.");
        if (SpeechLeadSeconds < 0 || SpeechSpeed < 1) throw new InvalidOperationException("LocalAgent: SpeechLeadSeconds is not negative, SpeechSpeed at least 1.");
    }
}

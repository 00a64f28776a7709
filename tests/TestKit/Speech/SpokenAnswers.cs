namespace Dapr.Voice.TestKit.Speech;

/// <summary>What <c>samples/local-agent</c> may say, as a JSGF grammar for <see cref="GrammarRecognizer"/>.</summary>
public static class SpokenAnswers
{
    public const string Grammar = """
        #JSGF V1.0;
        grammar answers;
        <digit> = one | two | three | four | five | six | seven | eight | nine;
        <teen> = ten | eleven | twelve | thirteen | fourteen | fifteen | sixteen | seventeen | eighteen | nineteen;
        <tens> = twenty | thirty | forty | fifty;
        <number> = <digit> | <teen> | <tens> [<digit>] | sixty | ninety;
        <hour> = <digit> | ten | eleven | twelve;
        <time> = it is <hour> (o'clock | oh <digit> | <teen> | <tens> [<digit>]) in the (morning | afternoon | evening);
        <weekday> = monday | tuesday | wednesday | thursday | friday | saturday | sunday;
        <month> = january | february | march | april | may | june | july | august | september | october | november | december;
        <ordinal> = first | second | third | fourth | fifth | sixth | seventh | eighth | ninth;
        <day> = <ordinal> | tenth | eleventh | twelfth | thirteenth | fourteenth | fifteenth | sixteenth | seventeenth | eighteenth
              | nineteenth | twentieth | twenty <ordinal> | thirtieth | thirty first;
        <date> = today is <weekday> <month> <day>;
        <timer> = the timer is set for <number> (second | seconds | minute | minutes | hour | hours);
        <fired> = your timer for <number> (second | seconds | minute | minutes | hour | hours) is over;
        <light> = i have turned (on | off) the [kitchen | bedroom | living room] light;
        <hello> = hello what can i do for you | hello i am the local agent what can i do for you;
        <help> = i can tell you the time and the date set a timer and tell you a long story;
        <bye> = goodbye it was nice talking to you;
        <unclear> = sorry i did not understand that you can ask me what time it is or say what can you do;
        public <answer> = <time> | <date> | <light> <timer> | <timer> | <fired> | <light> | <hello> | <help> | <bye> | <unclear>;
        """;

    /// <summary>How many words of a spoken time the recogniser may mistake for another word of the grammar.</summary>
    public const int MisheardWords = 1;

    /// <summary>
    /// Returns whether the recogniser heard what the agent's transcript says. The sentence has a time of day, so its words change each
    /// minute, and pocketsphinx does not recognise all of espeak's words. It heard "five" for "nine" after a decade, and "o'clock" for
    /// "forty". One word may differ; otherwise a test would pass or fail by the minute. Noise, a gap or another sentence differs in more
    /// words.
    /// </summary>
    /// <param name="transcript">Words and spaces only, in lower case, as in <paramref name="recognised"/>.</param>
    public static bool Agree(string transcript, string recognised)
    {
        string[] said = transcript.Split(' '), heard = recognised.Split(' ');
        return said.Length == heard.Length && said.Zip(heard).Count(pair => pair.First != pair.Second) <= MisheardWords;
    }
}

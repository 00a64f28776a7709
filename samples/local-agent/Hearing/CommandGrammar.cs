namespace Dapr.Voice.LocalAgent.Hearing;

/// <summary>
/// What can be said to the agent, as a JSGF grammar. It has only words of the CMU dictionary. <see cref="Dialogue.CommandParser"/> reads
/// the result.
/// </summary>
internal static class CommandGrammar
{
    public const string Text = """
        #JSGF V1.0;
        grammar commands;
        <digit> = one | two | three | four | five | six | seven | eight | nine;
        <teen> = ten | eleven | twelve | thirteen | fourteen | fifteen | sixteen | seventeen | eighteen | nineteen;
        <tens> = twenty | thirty | forty | fifty;
        <number> = a | an | <digit> | <teen> | <tens> [<digit>] | sixty | ninety;
        <unit> = second | seconds | minute | minutes | hour | hours;
        <time> = what time is it [now] | what is the time | tell me the time;
        <date> = what is the date [today] | what day is it [today] | what is today's date;
        <timer> = (set | start) (a | the) timer for <number> <unit>;
        <light> = turn (on | off) the [kitchen | bedroom | living room] (light | lights);
        <story> = tell me a [long] story;
        <repeat> = repeat that | say that again;
        <stop> = stop | be quiet | stop talking | that's enough;
        <hello> = hello | hello there | good morning | good evening;
        <help> = what can you do | help me;
        <bye> = goodbye | bye bye | see you later;
        public <command> = [please] (<time> | <date> | <timer> | <light> [and <timer>] | <story> | <repeat> | <help>) [please]
            | <stop> | <hello> | <bye>;
        """;
}

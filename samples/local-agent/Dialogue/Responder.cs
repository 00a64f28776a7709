using System.Text.Json.Nodes;

namespace Dapr.Voice.LocalAgent.Dialogue;

/// <summary>Decides what to say. Each conversation has one, because it remembers what it said last.</summary>
internal sealed class Responder(TimeProvider time)
{
    private const string NotUnderstood = "Sorry, I did not understand that. You can ask me what time it is, or say, what can you do.";

    private const string Greeting = "Hello. I am the local agent. What can I do for you?";

    private string _last = "";

    /// <summary>Remembers what was said last, for "repeat that".</summary>
    public void NoteSpoken(string speech) => _last = speech;

    /// <summary>The client asks for speech before anybody has said anything. The answer is a greeting.</summary>
    public static Reply Greet() => Reply.Say(Greeting);

    /// <param name="words">Null or empty if something was said that was not understood.</param>
    /// <param name="tools">The session's tools, as the client registered them.</param>
    public Reply Answer(string? words, JsonArray? tools)
    {
        List<Command> commands = string.IsNullOrWhiteSpace(words) ? [] : CommandParser.Parse(words);
        if (commands.Count == 0) return Reply.Say(NotUnderstood);
        var calls = new List<FunctionCall>();
        var speech = new List<string>();
        TimeSpan? timer = null;
        foreach (Command command in commands)
        {
            switch (command.Kind)
            {
                case CommandKind.Timer:
                    string confirmation = $"The timer is set for {SpokenNumbers.Duration(command.Duration)}.";
                    if (FindTool(tools, "set_timer") is { } timerTool)
                        calls.Add(new FunctionCall("set_timer", TimerArguments(timerTool, command.Duration)));
                    else timer = command.Duration;
                    speech.Add(confirmation);
                    break;
                case CommandKind.Light:
                    string light = command.Room.Length > 0 ? $"the {command.Room} light" : "the light";
                    if (FindTool(tools, "set_light") is not null)
                    {
                        calls.Add(new FunctionCall("set_light", new JsonObject { ["room"] = command.Room, ["on"] = command.IsOn }));
                        speech.Add($"I have turned {(command.IsOn ? "on" : "off")} {light}.");
                    }
                    else speech.Add("I cannot reach the lights from here.");
                    break;
                default:
                    string simple = AnswerSimple(command.Kind);
                    if (simple.Length > 0) speech.Add(simple);
                    break;
            }
        }
        return new Reply(string.Join(' ', speech), calls, timer);
    }

    /// <summary>A timer of the agent has run out.</summary>
    public static Reply TimerFired(TimeSpan duration) => Reply.Say($"Your timer for {SpokenNumbers.Duration(duration)} is over.");

    private string AnswerSimple(CommandKind kind) => kind switch
    {
        CommandKind.Time => SayTime(time.GetLocalNow()),
        CommandKind.Date => SayDate(time.GetLocalNow()),
        CommandKind.Story => Story.Text,
        CommandKind.Repeat => _last.Length > 0 ? _last : "I have not said anything yet.",
        CommandKind.Hello => "Hello. What can I do for you?",
        CommandKind.Help => "I can tell you the time and the date, set a timer, and tell you a long story.",
        CommandKind.Goodbye => "Goodbye. It was nice talking to you.",
        _ => "",
    };

    private static string SayTime(DateTimeOffset now)
    {
        int hour = now.Hour % 12 == 0 ? 12 : now.Hour % 12;
        string minutes = now.Minute switch
        {
            0 => "o'clock",
            < 10 => "oh " + SpokenNumbers.Cardinal(now.Minute),
            _ => SpokenNumbers.Cardinal(now.Minute),
        };
        string part = now.Hour < 12 ? "morning" : now.Hour < 18 ? "afternoon" : "evening";
        return $"It is {SpokenNumbers.Cardinal(hour)} {minutes} in the {part}.";
    }

    private static string SayDate(DateTimeOffset now) => $"Today is {now:dddd}, {now:MMMM} {SpokenNumbers.Ordinal(now.Day)}.";

    private static JsonObject? FindTool(JsonArray? tools, string name)
    {
        foreach (JsonNode? tool in tools ?? [])
        {
            if (tool is JsonObject found && found["name"] is JsonValue value && value.TryGetValue(out string? text) && text == name)
                return found;
        }
        return null;
    }

    /// <summary>
    /// Returns the duration with the name and in the unit of the tool's schema. If the schema names no known one, the unit is seconds.
    /// </summary>
    private static JsonObject TimerArguments(JsonObject tool, TimeSpan duration)
    {
        var properties = (tool["parameters"] as JsonObject)?["properties"] as JsonObject;
        foreach ((string name, JsonNode? _) in properties ?? [])
        {
            if (name.Contains("minute", StringComparison.OrdinalIgnoreCase)) return new JsonObject { [name] = duration.TotalMinutes };
            if (name.Contains("second", StringComparison.OrdinalIgnoreCase)) return new JsonObject { [name] = duration.TotalSeconds };
        }
        return new JsonObject { ["seconds"] = duration.TotalSeconds };
    }
}

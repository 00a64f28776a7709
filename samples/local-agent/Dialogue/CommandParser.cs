using System.Globalization;

namespace Dapr.Voice.LocalAgent.Dialogue;

/// <summary>Finds the commands in recognised words or in typed text.</summary>
internal static class CommandParser
{
    /// <summary>The longest timer. A longer one would outlive any conversation.</summary>
    public static readonly TimeSpan MaximumTimer = TimeSpan.FromHours(24);

    private const int MaximumWords = 64;

    private static readonly char[] s_separators = [' ', '\t', '\r', '\n', ',', '.', '!', '?', ';', ':', '"'];

    /// <returns>An empty list if nothing was understood.</returns>
    public static List<Command> Parse(string text)
    {
        string[] words = text.ToLowerInvariant().Split(s_separators, MaximumWords, StringSplitOptions.RemoveEmptyEntries);
        var commands = new List<Command>();
        if (Has(words, "light", "lights") && Has(words, "on", "off")) commands.Add(ParseLight(words));
        if (Has(words, "timer") && TryParseDuration(words, out TimeSpan duration)) commands.Add(new Command(CommandKind.Timer, duration));
        if (commands.Count > 0 || Has(words, "timer")) return commands;
        CommandKind? kind = ParseSimple(words);
        if (kind is not null) commands.Add(new Command(kind.Value));
        return commands;
    }

    private static CommandKind? ParseSimple(string[] words) => words switch
    {
        _ when HasPhrase(words, "what", "can", "you", "do") || Has(words, "help") => CommandKind.Help,
        _ when Has(words, "story") => CommandKind.Story,
        _ when HasPhrase(words, "repeat") || HasPhrase(words, "say", "that", "again") => CommandKind.Repeat,
        _ when Has(words, "stop", "quiet") || HasPhrase(words, "that's", "enough") => CommandKind.Stop,
        _ when Has(words, "date", "today's") || HasPhrase(words, "what", "day") => CommandKind.Date,
        _ when Has(words, "time") => CommandKind.Time,
        _ when Has(words, "goodbye", "bye") || HasPhrase(words, "see", "you", "later") => CommandKind.Goodbye,
        _ when Has(words, "hello", "hi") || HasPhrase(words, "good", "morning") || HasPhrase(words, "good", "evening") => CommandKind.Hello,
        _ => null,
    };

    private static Command ParseLight(string[] words)
    {
        string room = Has(words, "kitchen") ? "kitchen" : Has(words, "bedroom") ? "bedroom" : HasPhrase(words, "living", "room")
            ? "living room" : "";
        return new Command(CommandKind.Light, default, room, Has(words, "on"));
    }

    private static bool TryParseDuration(string[] words, out TimeSpan duration)
    {
        duration = default;
        for (int i = 1; i < words.Length; i++)
        {
            long seconds = words[i] switch
            {
                "second" or "seconds" => 1,
                "minute" or "minutes" => 60,
                "hour" or "hours" => 3600,
                _ => 0,
            };
            if (seconds == 0) continue;
            int amount = NumberBefore(words, i);
            if (amount <= 0) return false;
            duration = TimeSpan.FromSeconds(amount * seconds);
            return duration <= MaximumTimer;
        }
        return false;
    }

    /// <summary>Returns the number in front of a unit, such as "ten", "twenty five", "a" or "25". Returns 0 if there is none.</summary>
    private static int NumberBefore(string[] words, int unit)
    {
        string last = words[unit - 1];
        if (int.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out int digits)) return digits <= 100_000 ? digits : 0;
        if (last is "a" or "an") return 1;
        int number = SpokenNumbers.Parse(last);
        if (number is > 0 and < 10 && unit >= 2 && SpokenNumbers.Parse(words[unit - 2]) is >= 20 and <= 90 and var tens)
            return tens + number;
        return number;
    }

    private static bool Has(string[] words, params ReadOnlySpan<string> any)
    {
        foreach (string word in any)
            if (Array.IndexOf(words, word) >= 0) return true;
        return false;
    }

    private static bool HasPhrase(string[] words, params ReadOnlySpan<string> phrase)
    {
        for (int i = 0; i + phrase.Length <= words.Length; i++)
            if (words.AsSpan(i, phrase.Length).SequenceEqual(phrase)) return true;
        return false;
    }
}

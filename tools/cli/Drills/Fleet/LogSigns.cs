using System.Text.RegularExpressions;

namespace Dapr.Voice.Cli.Drills.Fleet;

/// <summary>
/// Lines of the fleet's logs that say that a process has noticed a loss. The words are those of the services' log messages. The lines of
/// the damaged process itself do not count.
/// </summary>
internal static partial class LogSigns
{
    private static readonly string[] Watchers = ["relay", "transceiver-", "signaling"];

    public static bool IsSign(string process, string line)
        => Watchers.Any(w => process.StartsWith(w, StringComparison.Ordinal)) && Sign().IsMatch(line);

    /// <summary>A line without the time and the level before it.</summary>
    public static string Shortened(string line)
    {
        int message = line.IndexOf("] ", StringComparison.Ordinal);
        string text = message > 0 ? line[(message + 2)..] : line;
        return text.Length > 160 ? text[..160] : text;
    }

    // "Serving N slots: M to claim" counts only if something is claimed.
    [GeneratedRegex(@"\b(suspect(s|ed)?|(is|port) closed|(is|looks|counts as) dead|tak(es|en|ing)? over|takeover|took \d+|unanswered"
        + @"|[1-9]\d* to claim|stands still|stood still|lost its data|link( \d+)? to \S+: (Down|Replaced))\b",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Sign();
}

using System.Globalization;

namespace Dapr.Voice.Contracts;

/// <summary>How many files, sockets included, this process may open (<c>ulimit -n</c>).</summary>
public static class OpenFiles
{
    /// <summary>
    /// With fewer, no program of ours can work: an idle service has up to 280 open, and links and callers need more. .NET
    /// raises the soft limit to the hard one, so this is about the hard one.
    /// </summary>
    public const int Fewest = 512;

    /// <summary>
    /// Reads the limit from the text of <c>/proc/self/limits</c> (proc(5)). Returns <see cref="int.MaxValue"/> if there is no limit or if
    /// it cannot be read.
    /// </summary>
    public static int ParseLimit(string limits)
    {
        foreach (string line in limits.Split('\n'))
        {
            if (!line.StartsWith("Max open files", StringComparison.Ordinal)) continue;
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return words.Length > 3 && int.TryParse(words[3], NumberStyles.None, CultureInfo.InvariantCulture, out int soft) ? soft
                : int.MaxValue;
        }
        return int.MaxValue;
    }

    public static int Limit()
    {
        try
        {
            return ParseLimit(File.ReadAllText("/proc/self/limits"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return int.MaxValue;
        }
    }
}

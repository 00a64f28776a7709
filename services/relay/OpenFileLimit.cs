using System.Globalization;

namespace Dapr.Voice.Relay;

/// <summary>
/// How many file descriptors this process may open. The runtime raises the soft limit to the hard limit at start, so the value is the limit
/// of the machine or of the container.
/// </summary>
internal static class OpenFileLimit
{
    /// <summary>
    /// Descriptors that clients may not use. Links, health checks and the sidecar need them. Without them, a relay full of strangers would
    /// be restarted as dead.
    /// </summary>
    public const int Reserved = 512;

    /// <summary>The number of client connections that are always allowed, however low the limit is.</summary>
    public const int FewestConnections = 64;

    /// <summary>
    /// Reads the limit from the text of <c>/proc/self/limits</c> (proc(5)). Returns <see cref="int.MaxValue"/> if there is no limit or if
    /// it cannot be read.
    /// </summary>
    public static int Parse(string limits)
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

    public static int Read()
    {
        try
        {
            return Parse(File.ReadAllText("/proc/self/limits"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return int.MaxValue;
        }
    }

    /// <summary>Returns how many of the wanted connections the descriptor limit allows.</summary>
    public static int Fit(int wanted, int limit) => Math.Min(wanted, Math.Max(FewestConnections, limit - Reserved));
}

using System.Globalization;

namespace Dapr.Voice.Relay;

/// <summary>
/// How many descriptors this process may have. The runtime raises the soft limit to the hard one when it starts, so what is left is the
/// machine's or the container's word.
/// </summary>
internal static class OpenFileLimit
{
    /// <summary>
    /// Kept free of clients: links, health, the sidecar. Without them a relay full of strangers would be restarted as dead.
    /// </summary>
    public const int Reserved = 512;

    /// <summary>However little there is.</summary>
    public const int FewestConnections = 64;

    /// <summary>
    /// The limit in the words of proc(5)'s <c>limits</c>; <see cref="int.MaxValue"/> where there is none, or none that can be read.
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

    /// <summary>As many of the connections wanted as there are descriptors for.</summary>
    public static int Fit(int wanted, int limit) => Math.Min(wanted, Math.Max(FewestConnections, limit - Reserved));
}

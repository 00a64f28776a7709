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

    /// <summary>Returns how many of the wanted connections the descriptor limit allows.</summary>
    public static int Fit(int wanted, int limit) => Math.Min(wanted, Math.Max(FewestConnections, limit - Reserved));
}

using System.Globalization;

namespace Dapr.Voice.Tcp;

/// <summary>
/// Listening sockets that the process which started this one keeps open (sd_listen_fds(3): systemd, podman, <c>./voice up</c>). While this
/// process is away, connecting clients wait in the backlog and are not refused. That matters because Chromium tries only once.
/// </summary>
public static class InheritedListeners
{
    private const int FirstDescriptor = 3;
    private const int Maximum = 64;

    /// <param name="variable">Reads an environment variable.</param>
    /// <returns>The descriptors. Empty if they were meant for another process.</returns>
    public static IReadOnlyList<int> Find(Func<string, string?> variable, int processId)
    {
        if (!int.TryParse(variable("LISTEN_PID"), NumberStyles.None, CultureInfo.InvariantCulture, out int owner) || owner != processId)
            return [];
        if (!int.TryParse(variable("LISTEN_FDS"), NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            || count is < 1 or > Maximum) return [];
        return [.. Enumerable.Range(FirstDescriptor, count)];
    }
}

using System.Globalization;

namespace Dapr.Voice.Tcp;

/// <summary>
/// Listening sockets that whoever started this process keeps open (sd_listen_fds(3): systemd, podman, <c>./voice up</c>). While the process
/// is away, clients that connect wait in the backlog instead of being refused, and Chromium tries only once.
/// </summary>
public static class InheritedListeners
{
    private const int FirstDescriptor = 3;
    private const int Maximum = 64;

    /// <param name="variable">Reads the environment.</param>
    /// <returns>The descriptors; none if they are another process's.</returns>
    public static IReadOnlyList<int> Find(Func<string, string?> variable, int processId)
    {
        if (!int.TryParse(variable("LISTEN_PID"), NumberStyles.None, CultureInfo.InvariantCulture, out int owner) || owner != processId)
            return [];
        if (!int.TryParse(variable("LISTEN_FDS"), NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            || count is < 1 or > Maximum) return [];
        return [.. Enumerable.Range(FirstDescriptor, count)];
    }
}

using System.Globalization;

namespace Dapr.Voice.Cli.Drills.Fleet;

/// <summary>Finds the process that has one end of a TCP connection of this network (proc(5)).</summary>
internal static class SocketOwner
{
    /// <param name="port">The local port of that end.</param>
    /// <param name="pids">The processes that may have it, with their names.</param>
    /// <returns>The name, a slash and the pid; null if none of them has it.</returns>
    public static string? Find(int port, IEnumerable<(string Name, int Pid)> pids)
    {
        string? inode = InodeOf(port);
        if (inode is null) return null;
        string link = $"socket:[{inode}]";
        foreach ((string name, int pid) in pids)
        {
            try
            {
                if (Directory.EnumerateFiles($"/proc/{pid}/fd").Any(f => new FileInfo(f).LinkTarget == link)) return $"{name}/{pid}";
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // The process has ended.
            }
        }
        return null;
    }

    private static string? InodeOf(int port)
    {
        string end = ":" + port.ToString("X4", CultureInfo.InvariantCulture);
        foreach (string file in new[] { "/proc/net/tcp", "/proc/net/tcp6" })
        {
            foreach (string line in File.ReadLines(file).Skip(1))
            {
                string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (fields[1].EndsWith(end, StringComparison.Ordinal) && fields[9] != "0") return fields[9];
            }
        }
        return null;
    }
}

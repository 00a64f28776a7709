using System.Globalization;

namespace Dapr.Voice.Udp;

/// <summary>Finds the process that uses a port, for a helpful error message.</summary>
public static class PortHolder
{
    /// <summary>
    /// Returns for example <c>relay (pid 123)</c>, or null if the process cannot be found (another user's process, no /proc). It searches
    /// all processes, so use it for error messages only.
    /// </summary>
    /// <param name="protocol"><c>udp</c> or <c>tcp</c>.</param>
    public static string? Find(int port, string protocol = "udp")
    {
        try
        {
            var inodes = new HashSet<string>(StringComparer.Ordinal);
            foreach (string table in new[] { $"/proc/net/{protocol}", $"/proc/net/{protocol}6" })
            {
                if (!File.Exists(table)) continue;
                foreach (string line in File.ReadLines(table).Skip(1))
                {
                    string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                    if (fields.Length > 9 && fields[1].EndsWith(":" + port.ToString("X4", CultureInfo.InvariantCulture),
                        StringComparison.Ordinal)) inodes.Add($"socket:[{fields[9]}]");
                }
            }
            return inodes.Count == 0 ? null : Directory.EnumerateDirectories("/proc").Select(process => Holder(process, inodes))
                .FirstOrDefault(holder => holder is not null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? Holder(string process, HashSet<string> inodes)
    {
        if (!int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out int id)) return null;
        try
        {
            foreach (FileSystemInfo descriptor in new DirectoryInfo($"{process}/fd").EnumerateFileSystemInfos())
            {
                if (descriptor.LinkTarget is { } target && inodes.Contains(target)) return $"{NameOf(process)} (pid {id})";
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process ended meanwhile, or belongs to another user.
        }
        return null;
    }

    /// <summary>The name of the program. For the .NET host, the name of the assembly that it runs.</summary>
    private static string NameOf(string process)
    {
        string name = File.ReadAllText($"{process}/comm").Trim();
        string? assembly = File.ReadAllText($"{process}/cmdline").Split('\0')
            .FirstOrDefault(argument => argument.EndsWith(".dll", StringComparison.Ordinal));
        return name == "dotnet" && assembly is not null ? Path.GetFileNameWithoutExtension(assembly) : name;
    }
}

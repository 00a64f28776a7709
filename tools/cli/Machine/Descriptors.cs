using System.Globalization;
using Dapr.Voice.Contracts;
using Dapr.Voice.Native;

namespace Dapr.Voice.Cli.Machine;

/// <summary>The descriptors of this process: how many it may open, and which of them its children get.</summary>
internal static class Descriptors
{
    /// <exception cref="CommandFailedException">The process may open too few files.</exception>
    public static void EnsureEnough()
    {
        int limit = OpenFiles.Limit();
        if (limit < OpenFiles.Fewest)
            throw new CommandFailedException($"this shell allows {limit} open files, and at least {OpenFiles.Fewest} are needed",
                "'ulimit -n 4096' allows more; if the shell refuses that, raise the hard limit of your user (limits.conf)");
    }

    /// <summary>
    /// Keeps what the caller's shell has left open, for example a lock, from everything that this process starts. Otherwise a system that
    /// runs in the background would hold it for days.
    /// </summary>
    public static void KeepFromChildren()
    {
        const int LastStandardStream = 2;
        try
        {
            foreach (string path in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
            {
                if (int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out int descriptor)
                    && descriptor > LastStandardStream) _ = LibC.fcntl(descriptor, LibC.F_SETFD, LibC.FD_CLOEXEC);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Without /proc, children get what they always got.
        }
    }
}

using System.Runtime.InteropServices;

namespace Dapr.Voice.Native;

/// <summary>glibc (libc.so.6); names of the C headers. This part: what the tools need to end processes.</summary>
public static partial class LibC
{
    public const int SIGTERM = 15;
    public const int SIGKILL = 9;

    /// <summary>kill(2): 0 on success, -1 with errno otherwise.</summary>
    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int kill(int pid, int signal);
}

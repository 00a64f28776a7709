using System.Runtime.InteropServices;

namespace Dapr.Voice.Native;

public static partial class LibC
{
    public const int PRIO_PROCESS = 0;

    /// <summary>
    /// setpriority(2). On Linux each thread has its own nice value, so <paramref name="who"/> may be the id of a thread. Returns 0 on
    /// success.
    /// </summary>
    [LibraryImport("libc", SetLastError = true)]
    public static partial int setpriority(int which, uint who, int priority);

    /// <summary>gettid(2): the id of the calling thread.</summary>
    [LibraryImport("libc")]
    public static partial int gettid();

    /// <summary>getsid(2): the session of a process. 0 stands for the calling process.</summary>
    [LibraryImport("libc")]
    public static partial int getsid(int pid);
}

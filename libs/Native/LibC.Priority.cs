using System.Runtime.InteropServices;

namespace Dapr.Voice.Native;

public static partial class LibC
{
    public const int PRIO_PROCESS = 0;

    /// <summary>
    /// setpriority(2): on Linux nice values belong to threads, so <paramref name="who"/> may be a thread's id. 0 on success.
    /// </summary>
    [LibraryImport("libc", SetLastError = true)]
    public static partial int setpriority(int which, uint who, int priority);

    /// <summary>gettid(2): the calling thread's id.</summary>
    [LibraryImport("libc")]
    public static partial int gettid();

    /// <summary>getsid(2): the session of a process; 0 means the caller's.</summary>
    [LibraryImport("libc")]
    public static partial int getsid(int pid);
}

using System.Globalization;
using Dapr.Voice.Native;

namespace Dapr.Voice.Udp;

/// <summary>The priority that a thread with a packet schedule asks the kernel for.</summary>
public static class MediaThread
{
    /// <summary>Before ordinary work and after the kernel's own. A build on the same cores then delays no frames.</summary>
    private const int Nice = -10;
    private const string AutogroupFile = "/proc/self/autogroup";

    /// <summary>
    /// Gives the calling thread priority over ordinary threads. On Linux, .NET's <see cref="ThreadPriority"/> has no effect. This needs
    /// CAP_SYS_NICE or RLIMIT_NICE; without them nothing changes, which is usual in containers.
    /// </summary>
    /// <returns>False if it is not permitted.</returns>
    public static bool TryRaise()
    {
        if (!OperatingSystem.IsLinux()) return false;
        TryRaiseGroup();
        return LibC.setpriority(LibC.PRIO_PROCESS, (uint)LibC.gettid(), Nice) == 0;
    }

    /// <summary>
    /// A desktop kernel first shares the processor between sessions (sched(7), autogroup); nice values count only inside one session. A
    /// process that leads its own session, as a service does, can raise that session without raising a terminal's other work.
    /// </summary>
    private static void TryRaiseGroup()
    {
        if (LibC.getsid(0) != Environment.ProcessId || !File.Exists(AutogroupFile)) return;
        try
        {
            File.WriteAllText(AutogroupFile, Nice.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Not permitted, or requested twice within a tenth of a second. Neither is an error.
        }
    }
}

using System.Globalization;
using Dapr.Voice.Native;

namespace Dapr.Voice.Udp;

/// <summary>What a thread that keeps a packet schedule asks of the kernel.</summary>
public static class MediaThread
{
    /// <summary>Ahead of ordinary work, behind the kernel's own: a build beside us on the same cores then costs no late frames.</summary>
    private const int Nice = -10;
    private const string AutogroupFile = "/proc/self/autogroup";

    /// <summary>
    /// Puts the calling thread ahead of ordinary ones. .NET's <see cref="ThreadPriority"/> does nothing on Linux. Needs CAP_SYS_NICE (or
    /// RLIMIT_NICE): without it nothing changes, which is the usual case in containers.
    /// </summary>
    /// <returns>False where it is not allowed.</returns>
    public static bool TryRaise()
    {
        if (!OperatingSystem.IsLinux()) return false;
        TryRaiseGroup();
        return LibC.setpriority(LibC.PRIO_PROCESS, (uint)LibC.gettid(), Nice) == 0;
    }

    /// <summary>
    /// A desktop kernel shares the processor between sessions first (sched(7), autogroup), and nice values count only inside one. A process
    /// that leads a session of its own, as a service does, may raise the whole session without raising a terminal's other work.
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
            // Not allowed, or asked twice within a tenth of a second: it was worth the asking.
        }
    }
}

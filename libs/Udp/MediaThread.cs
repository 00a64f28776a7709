using System.Globalization;
using Dapr.Voice.Native;

namespace Dapr.Voice.Udp;

/// <summary>The priority that a thread with a packet schedule asks the kernel for.</summary>
public static class MediaThread
{
    /// <summary>Before ordinary work and after the kernel's own. A build on the same cores then delays no frames.</summary>
    private const int Nice = -10;

    /// <summary>The shortest that the kernel gives. Its default is 0.7 ms and more, by the number of processors.</summary>
    private const ulong SliceNanoseconds = 100_000;

    /// <summary>
    /// Gives the calling thread priority over ordinary threads. On Linux, .NET's <see cref="ThreadPriority"/> has no effect. This needs
    /// CAP_SYS_NICE or RLIMIT_NICE; without them only the slice changes, which is usual in containers.
    /// </summary>
    /// <returns>False if it is not permitted.</returns>
    public static bool TryRaise()
    {
        if (!OperatingSystem.IsLinux()) return false;
        TryRaiseGroup();
        bool isRaised = LibC.setpriority(LibC.PRIO_PROCESS, (uint)LibC.gettid(), Nice) == 0;
        TryShortenSlice();
        return isRaised;
    }

    /// <summary>
    /// Raises all present threads of this process, for a process that measures others. A thread that starts later has the priority of the
    /// one that starts it.
    /// </summary>
    /// <param name="except">The name of a thread that stays as it is: one that starts processes, which would have its priority.</param>
    public static void TryRaiseProcess(string except)
    {
        if (!OperatingSystem.IsLinux()) return;
        foreach (string thread in Directory.GetDirectories("/proc/self/task"))
        {
            try
            {
                if (File.ReadAllText(thread + "/comm").TrimEnd() == except) continue;
                _ = LibC.setpriority(LibC.PRIO_PROCESS, uint.Parse(Path.GetFileName(thread), CultureInfo.InvariantCulture), Nice);
            }
            catch (IOException)
            {
                // The thread has ended.
            }
        }
    }

    /// <summary>
    /// A thread that asks for short slices waits less for the processor, and gets no more of it (sched_setattr(2)). Everybody may ask.
    /// Kernels before 6.12 ignore it.
    /// </summary>
    private static void TryShortenSlice()
    {
        if (LibC.TryGetSchedulingOfThread(out SchedulingAttributes attributes) && attributes.IsOrdinary)
            LibC.TrySetSchedulingOfThread(attributes with { Runtime = SliceNanoseconds });
    }

    /// <summary>
    /// A desktop kernel first shares the processor between sessions (sched(7), autogroup); nice values count only inside one session. A
    /// process that leads its own session, as a service does, can raise that session without raising a terminal's other work.
    /// </summary>
    private static void TryRaiseGroup()
    {
        if (LibC.getsid(0) == Environment.ProcessId) TryRaiseGroupOf(Environment.ProcessId);
    }

    /// <summary>
    /// Raises the session of another process in the same way, so that those who serve calls together share the processor evenly.
    /// </summary>
    /// <param name="leader">The process that leads the session.</param>
    public static void TryRaiseGroupOf(int leader)
    {
        string file = $"/proc/{leader}/autogroup";
        if (!File.Exists(file)) return;
        try
        {
            File.WriteAllText(file, Nice.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Not permitted, or requested twice within a tenth of a second. Neither is an error.
        }
    }
}

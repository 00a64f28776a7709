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

    /// <summary>sched_getattr(2) of the calling thread.</summary>
    /// <returns>False on a processor whose system calls are not known here, or if the kernel refuses.</returns>
    public static unsafe bool TryGetSchedulingOfThread(out SchedulingAttributes attributes)
    {
        attributes = default;
        fixed (SchedulingAttributes* buffer = &attributes)
            return GetAttributes is { } number && syscall(number, 0, (nint)buffer, sizeof(SchedulingAttributes), 0) == 0;
    }

    /// <summary>sched_setattr(2) of the calling thread.</summary>
    /// <returns>False on a processor whose system calls are not known here, or if the kernel refuses.</returns>
    public static unsafe bool TrySetSchedulingOfThread(SchedulingAttributes attributes)
        => SetAttributes is { } number && syscall(number, 0, (nint)(&attributes), 0, 0) == 0;

    // Debian 12's libc has no wrappers for the two.
    private static nint? SetAttributes => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 314,
        Architecture.Arm64 => 274,
        _ => null,
    };

    private static nint? GetAttributes => SetAttributes + 1;

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, nint first, nint second, nint third, nint fourth);
}

/// <summary>struct sched_attr of the kernel (sched_setattr(2)), in the size of its first version.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct SchedulingAttributes
{
    public SchedulingAttributes() { }

    public uint Size { get; init; } = 48;
    public uint Policy { get; init; }
    public ulong Flags { get; init; }
    public int Nice { get; init; }
    public uint Priority { get; init; }
    /// <summary>Nanoseconds. Of an ordinary thread, its slice.</summary>
    public ulong Runtime { get; init; }
    public ulong Deadline { get; init; }
    public ulong Period { get; init; }

    /// <summary>True for SCHED_OTHER, which is neither real-time nor idle.</summary>
    public bool IsOrdinary => Policy == 0;
}

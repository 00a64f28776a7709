using Dapr.Voice.Native;

namespace Dapr.Voice.Udp;

/// <summary>What a thread that keeps a packet schedule asks of the kernel.</summary>
public static class MediaThread
{
    /// <summary>Ahead of ordinary work, behind the kernel's own: a build beside us on the same cores then costs no late frames.</summary>
    private const int Nice = -10;

    /// <summary>
    /// Puts the calling thread ahead of ordinary ones. .NET's <see cref="ThreadPriority"/> does nothing on Linux. Needs CAP_SYS_NICE (or RLIMIT_NICE):
    /// without it nothing changes, which is the usual case in containers.
    /// </summary>
    /// <returns>False where it is not allowed.</returns>
    public static bool TryRaise() => OperatingSystem.IsLinux() && LibC.setpriority(LibC.PRIO_PROCESS, (uint)LibC.gettid(), Nice) == 0;
}

using System.Runtime.InteropServices;

namespace Dapr.Voice.Native;

/// <summary>TCP sockets and epoll(7). The constants are those of Linux on x64 and arm64, the layouts those of 64-bit glibc.</summary>
public static unsafe partial class LibC
{
    public const int SOCK_STREAM = 1;
    public const int SO_REUSEADDR = 2, SO_ERROR = 4;
    public const int IPPROTO_TCP = 6, TCP_NODELAY = 1, TCP_USER_TIMEOUT = 18, TCP_NOTSENT_LOWAT = 25;
    public const int MSG_EOR = 0x80, MSG_NOSIGNAL = 0x4000;
    public const int EPOLL_CLOEXEC = 0x80000, EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3;
    public const uint EPOLLIN = 1, EPOLLOUT = 4, EPOLLERR = 8, EPOLLHUP = 0x10;
    public const int ENOMEM = 12, ENFILE = 23, EMFILE = 24, EPIPE = 32, ENETUNREACH = 101, ECONNRESET = 104, ENOBUFS = 105, ETIMEDOUT = 110,
        ECONNREFUSED = 111,
        EHOSTUNREACH = 113, EINPROGRESS = 115;

    /// <summary>
    /// struct epoll_event has 12 bytes on x64, where it is packed, and 16 bytes elsewhere. So no C# struct can represent it.
    /// </summary>
    public static readonly int EpollEventSize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    [LibraryImport("libc", SetLastError = true)]
    public static partial int listen(int socket, int backlog);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int connect(int socket, void* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_create1(int flags);

    // As in LibC.Sockets.cs: the caller reads errno with Marshal.GetLastSystemError() directly after the call.
    [LibraryImport("libc")]
    public static partial int accept4(int socket, void* address, uint* length, int flags);

    [LibraryImport("libc")]
    public static partial nint recv(int socket, void* buffer, nuint length, int flags);

    [LibraryImport("libc")]
    public static partial nint sendmsg(int socket, msghdr* message, int flags);

    [LibraryImport("libc")]
    private static partial int epoll_ctl(int epoll, int operation, int descriptor, byte* @event);

    /// <param name="events">Room for <paramref name="count"/> times <see cref="EpollEventSize"/> bytes. Read them with <see
    /// cref="EpollEvent"/>.</param>
    /// <param name="timeout">In milliseconds. 0 does not wait.</param>
    [LibraryImport("libc")]
    public static partial int epoll_wait(int epoll, byte* events, int count, int timeout);

    /// <summary>epoll_ctl(2) with the two fields of the event: <c>events</c> and <c>data.u64</c>. Returns 0 on success.</summary>
    public static int epoll_ctl(int epoll, int operation, int descriptor, uint events, ulong data)
    {
        byte* written = stackalloc byte[16];
        *(uint*)written = events;
        *(ulong*)(written + EpollEventSize - sizeof(ulong)) = data;
        return epoll_ctl(epoll, operation, descriptor, written);
    }

    /// <summary>Reads one of the events that <see cref="epoll_wait"/> returned.</summary>
    public static (uint Events, ulong Data) EpollEvent(byte* events, int index)
    {
        byte* read = events + (index * EpollEventSize);
        return (*(uint*)read, *(ulong*)(read + EpollEventSize - sizeof(ulong)));
    }
}

using System.Runtime.InteropServices;

namespace Dapr.Voice.Native;

/// <summary>
/// Sockets, ppoll(2) and eventfd(2). The constants are those of Linux on x64 and arm64, the layouts those of 64-bit glibc.
/// </summary>
public static unsafe partial class LibC
{
    public const int AF_INET = 2, AF_INET6 = 10, AF_PACKET = 17;
    public const int SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_NONBLOCK = 0x800, SOCK_CLOEXEC = 0x80000;
    public const int SOL_SOCKET = 1, SO_SNDBUF = 7, SO_RCVBUF = 8, SO_REUSEPORT = 15, SO_SNDBUFFORCE = 32, SO_RCVBUFFORCE = 33,
        SO_RXQ_OVFL = 40;
    public const int SO_TYPE = 3, SO_ACCEPTCONN = 30;
    public const int F_SETFD = 2, F_SETFL = 4, F_DUPFD_CLOEXEC = 1030, FD_CLOEXEC = 1;
    public const int IPPROTO_IP = 0, IP_PKTINFO = 8, IP_RECVERR = 11;
    public const int IPPROTO_IPV6 = 41, IPV6_RECVERR = 25, IPV6_V6ONLY = 26, IPV6_RECVPKTINFO = 49, IPV6_PKTINFO = 50;
    public const int MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40, MSG_ERRQUEUE = 0x2000;

    /// <summary>The origins of an error in a socket's error queue (linux/errqueue.h) that a packet from the network reported.</summary>
    public const byte SO_EE_ORIGIN_ICMP = 2, SO_EE_ORIGIN_ICMP6 = 3;
    public const short POLLIN = 1;
    public const int EFD_NONBLOCK = 0x800, EFD_CLOEXEC = 0x80000;
    public const int EINTR = 4, EAGAIN = 11, EACCES = 13, EADDRINUSE = 98, EADDRNOTAVAIL = 99;

    [LibraryImport("libc", SetLastError = true)]
    public static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int bind(int socket, void* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getsockname(int socket, void* address, uint* length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setsockopt(int socket, int level, int name, void* value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getsockopt(int socket, int level, int name, void* value, uint* length);

    [LibraryImport("libc")]
    public static partial int close(int descriptor);

    // The function is variadic in C. On Linux for x64 and arm64, an int is passed in the same way.
    [LibraryImport("libc", SetLastError = true)]
    public static partial int fcntl(int descriptor, int command, int argument);

    // The four functions below run for each wake-up. SetLastError would save and restore errno around each call, so the caller reads it
    // with Marshal.GetLastSystemError() directly after the call (docs/packet-path.md 8).
    [LibraryImport("libc")]
    public static partial int recvmmsg(int socket, mmsghdr* messages, uint count, int flags, timespec* timeout);

    [LibraryImport("libc")]
    public static partial int sendmmsg(int socket, mmsghdr* messages, uint count, int flags);

    [LibraryImport("libc")]
    public static partial int ppoll(pollfd* descriptors, nuint count, timespec* timeout, void* signals);

    [LibraryImport("libc")]
    public static partial nint read(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc")]
    public static partial nint write(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int eventfd(uint initial, int flags);

#pragma warning disable CS8981 // the names are those of the C headers
    [StructLayout(LayoutKind.Explicit, Size = 16)]
    public struct iovec
    {
        [FieldOffset(0)] public void* iov_base;
        [FieldOffset(8)] public nuint iov_len;
    }

    [StructLayout(LayoutKind.Explicit, Size = 56)]
    public struct msghdr
    {
        [FieldOffset(0)] public void* msg_name;
        [FieldOffset(8)] public uint msg_namelen;
        [FieldOffset(16)] public iovec* msg_iov;
        [FieldOffset(24)] public nuint msg_iovlen;
        [FieldOffset(32)] public void* msg_control;
        [FieldOffset(40)] public nuint msg_controllen;
        [FieldOffset(48)] public int msg_flags;
    }

    [StructLayout(LayoutKind.Explicit, Size = 64)]
    public struct mmsghdr
    {
        [FieldOffset(0)] public msghdr msg_hdr;
        [FieldOffset(56)] public uint msg_len;
    }

    [StructLayout(LayoutKind.Explicit, Size = 16)]
    public struct cmsghdr
    {
        [FieldOffset(0)] public nuint cmsg_len;
        [FieldOffset(8)] public int cmsg_level;
        [FieldOffset(12)] public int cmsg_type;
    }

    /// <summary>What IP_RECVERR puts into a control message (ip(7)). The address of the reporter follows it.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 16)]
    public struct sock_extended_err
    {
        [FieldOffset(0)] public uint ee_errno;
        [FieldOffset(4)] public byte ee_origin;
        [FieldOffset(5)] public byte ee_type;
        [FieldOffset(6)] public byte ee_code;
        [FieldOffset(8)] public uint ee_info;
        [FieldOffset(12)] public uint ee_data;
    }

    [StructLayout(LayoutKind.Explicit, Size = 8)]
    public struct pollfd
    {
        [FieldOffset(0)] public int fd;
        [FieldOffset(4)] public short events;
        [FieldOffset(6)] public short revents;
    }

    [StructLayout(LayoutKind.Explicit, Size = 16)]
    public struct timespec
    {
        [FieldOffset(0)] public long tv_sec;
        [FieldOffset(8)] public long tv_nsec;
    }
#pragma warning restore CS8981
}

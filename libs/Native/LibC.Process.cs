using System.Runtime.InteropServices;

namespace Dapr.Voice.Native;

/// <summary>
/// glibc (libc.so.6), with the names of the C headers. This part has the functions with which the tools end processes and find their own.
/// </summary>
public static partial class LibC
{
    public const int SIGTERM = 15;
    public const int SIGKILL = 9;
    public const int SIGCONT = 18;
    public const int SIGSTOP = 19;

    /// <summary>A network namespace, for <see cref="setns"/>.</summary>
    public const int CLONE_NEWNET = 0x40000000;

    /// <summary>Write permission, for <see cref="access"/>.</summary>
    public const int W_OK = 2;

    /// <summary>access(2): 0 if this process has that permission for the path, otherwise -1 with errno.</summary>
    [LibraryImport("libc", EntryPoint = "access", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int access(string path, int mode);

    public const int LOCK_EX = 2, LOCK_NB = 4;

    public const int O_RDWR = 2, O_CLOEXEC = 0x80000;

    // The function is variadic in C. Without O_CREAT nobody reads a third argument.
    /// <summary>open(2): a descriptor, or -1 with errno.</summary>
    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int open(string path, int flags);

    /// <summary>The file is closed when a program is executed (memfd_create(2)).</summary>
    public const uint MFD_CLOEXEC = 1;

    /// <summary>
    /// flock(2): 0 on success, -1 with errno otherwise. The lock belongs to the open file, and ends with the last descriptor of it.
    /// </summary>
    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    public static partial int flock(int descriptor, int operation);

    /// <summary>memfd_create(2): the descriptor of a new file in memory, or -1 with errno.</summary>
    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int memfd_create(string name, uint flags);

    /// <summary>kill(2): 0 on success, -1 with errno otherwise.</summary>
    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int kill(int pid, int signal);

    /// <summary>setns(2): moves the calling thread into the namespace of that file. 0 on success, -1 with errno otherwise.</summary>
    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    public static partial int setns(SafeHandle file, int kind);
}

using System.Runtime.InteropServices;

namespace Dapr.Voice.Native;

/// <summary>
/// glibc (libc.so.6), with the names of the C headers. This part has the functions with which the tools end processes and find their own.
/// </summary>
public static partial class LibC
{
    public const int SIGTERM = 15;
    public const int SIGKILL = 9;

    /// <summary>Write permission, for <see cref="access"/>.</summary>
    public const int W_OK = 2;

    /// <summary>access(2): 0 if this process has that permission for the path, otherwise -1 with errno.</summary>
    [LibraryImport("libc", EntryPoint = "access", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int access(string path, int mode);

    /// <summary>kill(2): 0 on success, -1 with errno otherwise.</summary>
    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int kill(int pid, int signal);
}

using Dapr.Voice.Native;
using Microsoft.Win32.SafeHandles;

namespace Dapr.Voice.Udp;

/// <summary>
/// A file in memory that outlives the process (<see cref="InheritedSockets.Memory"/>), and a lock on it. The kernel releases the lock when
/// its holder dies. Any thread may use it, one at a time.
/// </summary>
public sealed class InheritedMemory : IDisposable
{
    private readonly SafeFileHandle _file;

    private InheritedMemory(SafeFileHandle file) => _file = file;

    /// <summary>Takes over an inherited descriptor. Null if the file cannot be opened.</summary>
    public static InheritedMemory? Open(int descriptor)
    {
        using var inherited = new SafeFileHandle(descriptor, ownsHandle: true);
        // Opened anew, because a lock belongs to the open file, and the inherited one is shared with other processes. .NET would lock what
        // it opens.
        var file = new SafeFileHandle(LibC.open($"/proc/self/fd/{descriptor}", LibC.O_RDWR | LibC.O_CLOEXEC), ownsHandle: true);
        return file.IsInvalid ? null : new InheritedMemory(file);
    }

    /// <summary>Takes the lock if nobody else has it. Returns true also if this object has it already.</summary>
    public bool TryLock() => Flock(LibC.LOCK_EX | LibC.LOCK_NB);

    /// <summary>Waits for the lock.</summary>
    public void Lock()
    {
        while (!Flock(LibC.LOCK_EX))
        {
            // A signal has interrupted the wait.
        }
    }

    /// <param name="maximum">The most bytes that are read.</param>
    public byte[] Read(int maximum)
    {
        byte[] bytes = new byte[(int)Math.Min(RandomAccess.GetLength(_file), maximum)];
        return bytes[..RandomAccess.Read(_file, bytes, 0)];
    }

    /// <summary>Replaces the content. A process that dies meanwhile leaves half of it.</summary>
    public void Write(ReadOnlySpan<byte> content)
    {
        RandomAccess.SetLength(_file, content.Length);
        RandomAccess.Write(_file, content, 0);
    }

    public void Dispose() => _file.Dispose();

    private bool Flock(int operation) => LibC.flock((int)_file.DangerousGetHandle(), operation) == 0;
}

using System.Runtime.InteropServices;
using Dapr.Voice.Native;

namespace Dapr.Voice.Udp;

/// <summary>
/// Waits for one of a few descriptors (a <see cref="UdpBatchSocket"/>, or the epoll descriptor of a set of TCP connections) or a <see
/// cref="WakeUp"/>. The thread that owns the descriptors owns it. A wait allocates nothing.
/// </summary>
public sealed unsafe class SocketPoller : IDisposable
{
    private readonly int _count;
    private readonly WakeUp _wakeUp;
    private readonly LibC.pollfd* _descriptors;
    private bool _isDisposed;

    /// <param name="wakeUp">The caller keeps owning it.</param>
    /// <param name="descriptors">Descriptors that stay open as long as this object is used. The caller keeps owning them.</param>
    public SocketPoller(WakeUp wakeUp, params ReadOnlySpan<int> descriptors)
    {
        _wakeUp = wakeUp;
        _count = descriptors.Length;
        _descriptors = (LibC.pollfd*)NativeMemory.AllocZeroed((nuint)_count + 1, (nuint)sizeof(LibC.pollfd));
        for (int i = 0; i < _count; i++) _descriptors[i] = new LibC.pollfd { fd = descriptors[i], events = LibC.POLLIN };
        _descriptors[_count] = new LibC.pollfd { fd = wakeUp.Descriptor, events = LibC.POLLIN };
    }

    /// <summary>
    /// Returns when a descriptor is readable, on a signal, or after <paramref name="timeout"/>. The resolution is nanoseconds; negative
    /// counts as zero.
    /// </summary>
    /// <returns>True if the wake-up was signalled. It is cleared.</returns>
    public bool Wait(TimeSpan timeout)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        long ticks = Math.Max(0, timeout.Ticks);
        var time = new LibC.timespec { tv_sec = ticks / TimeSpan.TicksPerSecond, tv_nsec = ticks % TimeSpan.TicksPerSecond * 100 };
        int ready = LibC.ppoll(_descriptors, (nuint)_count + 1, &time, null);
        // The wait was interrupted or failed, which is no wake-up. The caller looks at its sockets in any case.
        if (ready <= 0) return false;
        if ((_descriptors[_count].revents & LibC.POLLIN) == 0) return false;
        _wakeUp.Clear();
        return true;
    }

    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        NativeMemory.Free(_descriptors);
    }
}

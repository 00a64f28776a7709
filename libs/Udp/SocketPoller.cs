using System.Runtime.InteropServices;
using Dapr.Voice.Native;

namespace Dapr.Voice.Udp;

/// <summary>
/// Waits for one of a few descriptors (a <see cref="UdpBatchSocket"/>'s, or the epoll descriptor behind which a set of TCP connections is),
/// or a
/// <see cref="WakeUp"/>. Belongs to the thread that owns them; allocates nothing per wait.
/// </summary>
public sealed unsafe class SocketPoller : IDisposable
{
    private readonly int _count;
    private readonly WakeUp _wakeUp;
    private readonly LibC.pollfd* _descriptors;
    private bool _isDisposed;

    /// <param name="wakeUp">Not owned, as the sockets are not.</param>
    /// <param name="descriptors">Of sockets that stay open as long as this is used.</param>
    public SocketPoller(WakeUp wakeUp, params ReadOnlySpan<int> descriptors)
    {
        _wakeUp = wakeUp;
        _count = descriptors.Length;
        _descriptors = (LibC.pollfd*)NativeMemory.AllocZeroed((nuint)_count + 1, (nuint)sizeof(LibC.pollfd));
        for (int i = 0; i < _count; i++) _descriptors[i] = new LibC.pollfd { fd = descriptors[i], events = LibC.POLLIN };
        _descriptors[_count] = new LibC.pollfd { fd = wakeUp.Descriptor, events = LibC.POLLIN };
    }

    /// <summary>
    /// Returns when a descriptor has something to receive, on a signal, or after <paramref name="timeout"/> (resolution: nanoseconds;
    /// negative counts as zero).
    /// </summary>
    /// <returns>True if the wake-up was signalled; it is cleared.</returns>
    public bool Wait(TimeSpan timeout)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        long ticks = Math.Max(0, timeout.Ticks);
        var time = new LibC.timespec { tv_sec = ticks / TimeSpan.TicksPerSecond, tv_nsec = ticks % TimeSpan.TicksPerSecond * 100 };
        int ready = LibC.ppoll(_descriptors, (nuint)_count + 1, &time, null);
        // Interrupted or failed: nothing is known to be ready, and the caller's loop comes back anyway.
        if (ready <= 0) return false;
        if ((_descriptors[_count].revents & LibC.POLLIN) == 0) return false;
        _wakeUp.Clear();
        return true;
    }

    /// <summary>After <see cref="Wait"/>: the descriptor of this place has something to receive, or an error to collect.</summary>
    public bool IsReady(int place) => _descriptors[place].revents != 0;

    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        NativeMemory.Free(_descriptors);
    }
}

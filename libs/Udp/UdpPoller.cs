using System.Runtime.InteropServices;
using Dapr.Voice.Native;

namespace Dapr.Voice.Udp;

/// <summary>Waits for one of a few sockets, or a <see cref="WakeUp"/>. Belongs to the thread that owns the sockets; allocates nothing per wait.</summary>
public sealed unsafe class UdpPoller : IDisposable
{
    private readonly UdpBatchSocket[] _sockets;
    private readonly WakeUp _wakeUp;
    private readonly LibC.pollfd* _descriptors;
    private bool _isDisposed;

    /// <param name="wakeUp">Not owned, as the sockets are not.</param>
    public UdpPoller(WakeUp wakeUp, params UdpBatchSocket[] sockets)
    {
        _wakeUp = wakeUp;
        _sockets = sockets;
        _descriptors = (LibC.pollfd*)NativeMemory.AllocZeroed((nuint)sockets.Length + 1, (nuint)sizeof(LibC.pollfd));
        for (int i = 0; i < sockets.Length; i++) _descriptors[i] = new LibC.pollfd { fd = sockets[i].Descriptor, events = LibC.POLLIN };
        _descriptors[sockets.Length] = new LibC.pollfd { fd = wakeUp.Descriptor, events = LibC.POLLIN };
    }

    /// <summary>Returns when a socket has something to receive, on a signal, or after <paramref name="timeout"/> (resolution: nanoseconds; negative counts as zero).</summary>
    /// <returns>True if the wake-up was signalled; it is cleared.</returns>
    public bool Wait(TimeSpan timeout)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        long ticks = Math.Max(0, timeout.Ticks);
        var time = new LibC.timespec { tv_sec = ticks / TimeSpan.TicksPerSecond, tv_nsec = ticks % TimeSpan.TicksPerSecond * 100 };
        int ready = LibC.ppoll(_descriptors, (nuint)_sockets.Length + 1, &time, null);
        // Interrupted or failed: nothing is known to be ready, and the caller's loop comes back anyway.
        if (ready <= 0) return false;
        if ((_descriptors[_sockets.Length].revents & LibC.POLLIN) == 0) return false;
        _wakeUp.Clear();
        return true;
    }

    /// <summary>After <see cref="Wait"/>: this socket has something to receive, or an error to collect.</summary>
    public bool IsReady(int socket) => _descriptors[socket].revents != 0;

    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        NativeMemory.Free(_descriptors);
    }
}

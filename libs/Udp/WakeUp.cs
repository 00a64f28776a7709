using System.Runtime.InteropServices;
using Dapr.Voice.Native;

namespace Dapr.Voice.Udp;

/// <summary>
/// Lets another thread end the wait of a <see cref="SocketPoller"/> (eventfd(2)). Several signals before the wait count as one.
/// </summary>
public sealed unsafe class WakeUp : IDisposable
{
    private readonly DescriptorHandle _handle;

    public WakeUp()
    {
        _handle = new DescriptorHandle(LibC.eventfd(0, LibC.EFD_NONBLOCK | LibC.EFD_CLOEXEC));
        if (_handle.IsInvalid) throw new IOException($"eventfd failed: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
    }

    internal int Descriptor => _handle.Number;

    /// <summary>Signals the wait. Any thread may call it. After disposal it does nothing.</summary>
    public void Signal()
    {
        bool isHeld = false;
        try
        {
            _handle.DangerousAddRef(ref isHeld);
            ulong one = 1;
            LibC.write(_handle.Number, &one, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
        }
        finally
        {
            if (isHeld) _handle.DangerousRelease();
        }
    }

    internal void Clear()
    {
        ulong count;
        LibC.read(Descriptor, &count, sizeof(ulong));
    }

    public void Dispose() => _handle.Dispose();
}

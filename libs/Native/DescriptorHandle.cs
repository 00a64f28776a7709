using Microsoft.Win32.SafeHandles;

namespace Dapr.Voice.Native;

/// <summary>A file descriptor that is closed once, when nothing uses it any more.</summary>
public sealed class DescriptorHandle : SafeHandleMinusOneIsInvalid
{
    public DescriptorHandle(int descriptor) : base(ownsHandle: true) => SetHandle(descriptor);

    /// <summary>The descriptor's number, for system calls of the thread that keeps the handle alive.</summary>
    public int Number => (int)handle;

    protected override bool ReleaseHandle() => LibC.close((int)handle) == 0;
}

using System.Runtime.InteropServices;
using Dapr.Voice.Native;

namespace Dapr.Voice.Tests.Unit.Tcp;

/// <summary>While it lives, this process gets no new descriptor (EMFILE): the soft limit is the lowest number that is free.</summary>
internal sealed unsafe partial class DescriptorLimit : IDisposable
{
    private const int NumberOfFiles = 7;

    private readonly ulong[] _before = new ulong[2];

    public DescriptorLimit()
    {
        fixed (ulong* limits = _before) getrlimit(NumberOfFiles, limits);
        int lowestFree = LibC.eventfd(0, LibC.EFD_CLOEXEC);
        LibC.close(lowestFree);
        ulong* lowered = stackalloc ulong[] { (ulong)lowestFree, _before[1] };
        setrlimit(NumberOfFiles, lowered);
    }

    public void Dispose()
    {
        fixed (ulong* limits = _before) setrlimit(NumberOfFiles, limits);
    }

    [LibraryImport("libc")]
    private static partial int getrlimit(int resource, ulong* limits);

    [LibraryImport("libc")]
    private static partial int setrlimit(int resource, ulong* limits);
}

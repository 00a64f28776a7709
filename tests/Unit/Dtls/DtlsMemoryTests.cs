using System.Diagnostics;
using System.Runtime.CompilerServices;
using Dapr.Voice.Dtls;
using Dapr.Voice.Native;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Dtls;

/// <summary>Counts of the whole process: nothing else may run beside.</summary>
[CollectionDefinition(nameof(DtlsMemoryTests), DisableParallelization = true)]
[Collection(nameof(DtlsMemoryTests))]
public sealed class DtlsMemoryTests
{
    [Fact]
    public void CreateAndDispose_TwoThousandTimes_LeavesNothingBehind()
    {
        Run(200);
        Collect();
        int handles = SslConnection.LiveCount;
        long memory = WorkingSet();
        Run(2000);
        Assert.Equal(handles, SslConnection.LiveCount);
        // One SSL object has about 50 KiB: a leak of all would be 100 MiB and more.
        Assert.InRange(WorkingSet() - memory, long.MinValue, 40 << 20);
    }

    [Fact]
    public void Forgotten_WithoutDispose_IsFreedByTheFinaliser()
    {
        Collect();
        int handles = SslConnection.LiveCount;
        Forget();
        Collect();
        Assert.Equal(handles, SslConnection.LiveCount);
    }

    private static void Run(int count)
    {
        for (int i = 0; i < count; i++)
        {
            using var pair = new DtlsPair();
            pair.Client.Start();
            // Every tenth makes it all the way: a handshake costs two milliseconds.
            if (i % 10 == 0) pair.Exchange();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget()
    {
        for (int i = 0; i < 20; i++)
        {
            var pair = new DtlsPair();
            pair.Client.Start();
            pair.Exchange();
        }
    }

    private static void Collect()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    private static long WorkingSet()
    {
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}

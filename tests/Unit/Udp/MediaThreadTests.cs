using Dapr.Voice.Native;
using Dapr.Voice.Udp;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Udp;

public sealed class MediaThreadTests
{
    [Fact]
    public void TryRaise_OnAThreadOfItsOwn_SaysWhatTheKernelSaid()
    {
        bool? raised = null;
        string? stat = null;
        var thread = new Thread(() =>
        {
            raised = MediaThread.TryRaise();
            stat = File.ReadAllText($"/proc/self/task/{LibC.gettid()}/stat");
        });
        thread.Start();
        thread.Join();
        // proc(5): nice is field 19, that is 16 behind the closing parenthesis and the state.
        int nice = int.Parse(stat![(stat!.LastIndexOf(')') + 2)..].Split(' ')[16], System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(raised, nice == -10);
    }

    [Fact]
    public void TryRaise_OnAThreadOfItsOwn_AsksForShortSlices()
    {
        SchedulingAttributes before = default, after = default;
        var thread = new Thread(() =>
        {
            Assert.True(LibC.TryGetSchedulingOfThread(out before));
            MediaThread.TryRaise();
            Assert.True(LibC.TryGetSchedulingOfThread(out after));
        });
        thread.Start();
        thread.Join();
        Assert.Equal(Environment.OSVersion.Version >= new Version(6, 12) ? 100_000UL : 0, after.Runtime);
        Assert.Equal(before.Policy, after.Policy);
    }
}

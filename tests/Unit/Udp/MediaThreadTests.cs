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
}

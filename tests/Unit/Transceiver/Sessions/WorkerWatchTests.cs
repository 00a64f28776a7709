using Dapr.Voice.Transceiver.Sessions;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Sessions;

public sealed class WorkerWatchTests
{
    [Fact]
    public void Look_WorkersThatTurn_FindsNone()
    {
        var watch = new WorkerWatch(2);
        for (int look = 1; look < 100; look++) Assert.Equal(-1, watch.Look(_ => look));
    }

    [Fact]
    public void Look_OneStandsStillForTenLooks_IsFoundAmongTheOthers()
    {
        var watch = new WorkerWatch(3);
        watch.Look(_ => 7);
        for (int look = 1; look < WorkerWatch.LooksUntilStalled; look++) Assert.Equal(-1, watch.Look(worker => worker == 1 ? 7 : 7 + look));
        Assert.Equal(1, watch.Look(worker => worker == 1 ? 7 : 1000));
    }

    [Fact]
    public void Look_TurnsJustInTime_BeginsToCountAnew()
    {
        var watch = new WorkerWatch(1);
        watch.Look(_ => 1);
        for (int look = 1; look < WorkerWatch.LooksUntilStalled; look++) watch.Look(_ => 1);
        Assert.Equal(-1, watch.Look(_ => 2));
        for (int look = 1; look < WorkerWatch.LooksUntilStalled; look++) Assert.Equal(-1, watch.Look(_ => 2));
        Assert.Equal(0, watch.Look(_ => 2));
    }
}

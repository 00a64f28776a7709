using Dapr.Voice.Hosting;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Hosting;

public sealed class LoopWatchTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly LoopWatch _watch;
    private long _turns;

    public LoopWatchTests()
    {
        _watch = new LoopWatch(_clock);
        _watch.Add("worker 0", () => _turns);
        _watch.Add("worker 1", () => _clock.GetTimestamp());
    }

    [Fact]
    public void Stuck_LoopWithoutATurn_IsNamedAfterLooksAndTime()
    {
        Assert.Empty(Look(TimeSpan.FromSeconds(5)));
        Assert.Empty(Look(TimeSpan.FromSeconds(5)));
        Assert.Equal(["worker 0"], Look(TimeSpan.FromSeconds(5)));
        _turns++;
        Assert.Empty(Look(TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public void Stuck_ManyLooksInAShortTime_AreNoProof()
    {
        for (int look = 0; look < 100; look++) Assert.Empty(Look(TimeSpan.FromMilliseconds(100)));
        Assert.Equal(["worker 0"], Look(TimeSpan.FromSeconds(6)));
    }

    [Fact]
    public void Stuck_ProcessThatWasFrozenAsAWhole_IsNotTakenForDead()
    {
        Look(TimeSpan.FromSeconds(1));
        Assert.Empty(Look(TimeSpan.FromMinutes(5)));
        _turns++;
        Assert.Empty(Look(TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void Stuck_SlowLoop_IsAliveAsLongAsItTurns()
    {
        for (int look = 0; look < 20; look++)
        {
            _turns++;
            Assert.Empty(Look(TimeSpan.FromSeconds(14)));
        }
    }

    private IReadOnlyList<string> Look(TimeSpan after)
    {
        _clock.Advance(after);
        return _watch.Stuck();
    }
}

using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Wire;

public sealed class RateLimitTests
{
    private Instant _now = Instant.FromMilliseconds(5000);

    [Fact]
    public void TryTake_AfterAPause_GivesTheBurstAndThenTheRate()
    {
        var limit = new RateLimit(perSecond: 100, burst: 20);
        Assert.Equal(20, Take(ref limit, 1000));
        _now += TimeSpan.FromSeconds(0.1);
        Assert.Equal(10, Take(ref limit, 1000));
        _now += TimeSpan.FromHours(1);
        Assert.Equal(20, Take(ref limit, 1000));
    }

    [Fact]
    public void Spend_MoreThanThereIs_IsADebtThatTimePays()
    {
        var limit = new RateLimit(perSecond: 1000, burst: 100);
        Assert.False(limit.IsReached(_now));
        limit.Spend(1100, _now);
        Assert.True(limit.IsReached(_now));
        Assert.InRange((limit.FreeAt - _now).TotalMilliseconds, 1000, 1001);
        _now = limit.FreeAt;
        Assert.False(limit.IsReached(_now));
    }

    private int Take(ref RateLimit limit, int attempts)
    {
        int taken = 0;
        for (int i = 0; i < attempts; i++) taken += limit.TryTake(_now) ? 1 : 0;
        return taken;
    }
}

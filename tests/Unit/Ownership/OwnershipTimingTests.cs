using Dapr.Voice.Ownership;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Ownership;

/// <summary>The inequalities of docs/decisions/0035.</summary>
public sealed class OwnershipTimingTests
{
    [Fact]
    public void Default_SilentOwner_IsReplacedWithinThreeSeconds()
        => Assert.InRange(OwnershipTiming.Default.LatestTakeover, TimeSpan.Zero, OwnershipTiming.TakeoverLimit);

    [Fact]
    public void Default_PauseOfTwoSeconds_CostsNoTakeover()
        => Assert.True(OwnershipTiming.Default.EarliestTakeover > OwnershipTiming.ToleratedPause);

    [Fact]
    public void Default_OwnerThatPauses_IsFencedBeforeAnybodyMayTakeItsSlots()
    {
        Assert.True(OwnershipTiming.Default.IsSafe);
        Assert.True(OwnershipTiming.Default.Fence < OwnershipTiming.Default.EarliestTakeover);
    }

    [Theory]
    [InlineData(300, 60, true)]
    [InlineData(2400, 600, true)]
    [InlineData(2400, 1200, false)]
    [InlineData(1000, 500, false)]
    public void IsSafe_OfOtherSettings_WantsFourRenewalsInALease(int lease, int renew, bool expected)
        => Assert.Equal(expected, new OwnershipTiming(TimeSpan.FromMilliseconds(renew), TimeSpan.FromMilliseconds(lease)).IsSafe);
}

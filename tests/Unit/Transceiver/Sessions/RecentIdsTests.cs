using Dapr.Voice.Transceiver.Sessions;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Sessions;

public sealed class RecentIdsTests
{
    [Fact]
    public void Contains_UntilItsTime_IsTrue()
    {
        var ids = new RecentIds();
        ids.Add(42, Instant.FromMilliseconds(1000));
        Assert.True(ids.Contains(42, Instant.FromMilliseconds(999)));
        Assert.False(ids.Contains(42, Instant.FromMilliseconds(1000)));
        Assert.False(ids.Contains(43, Instant.Zero));
    }

    [Fact]
    public void Contains_OfZeroInAnEmptyTable_IsFalse() => Assert.False(new RecentIds().Contains(0, Instant.Zero));
}

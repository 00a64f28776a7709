using Dapr.Voice.Infra.Pricing;
using Xunit;

namespace Dapr.Voice.Tests.Infra.Pricing;

public sealed class PriceTableTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(100, 0)]
    [InlineData(1_100, 87)]
    [InlineData(10_000, 9_900 * 0.087)]
    [InlineData(60_000, 9_900 * 0.087 + 40_000 * 0.083 + 10_000 * 0.07)]
    [InlineData(250_000, 9_900 * 0.087 + 40_000 * 0.083 + 100_000 * 0.07 + 100_000 * 0.05)]
    public void EgressMonth_Tiers_AreAppliedToWhatLiesInThem(double gigabytes, double dollars)
        => Assert.Equal(dollars, PriceTable.EgressMonth(gigabytes), 6);

    [Fact]
    public void ServiceBusMonth_WithinTheBase_IsTheBase()
    {
        Assert.Equal(10, PriceTable.ServiceBusMonth(13e6));
        Assert.Equal(18, PriceTable.ServiceBusMonth(23e6), 6);
    }

    [Fact]
    public void ConsumptionMonth_OneCoreAndTwoGibibytes_IsAboutEightyDollars() => Assert.InRange(PriceTable.ConsumptionMonth(1, 2), 70, 90);

    [Fact]
    public void DedicatedMonth_UnknownProfile_IsNotKnown() => Assert.Null(PriceTable.DedicatedMonth("Z99"));

    [Fact]
    public void Keys_AreUniqueAndPricesPositive()
    {
        Price[] all = [.. typeof(PriceTable).GetFields().Select(f => f.GetValue(null)).OfType<Price>()];
        Assert.True(all.Length > 20);
        Assert.Equal(all.Length, all.Select(p => p.Key).Distinct(StringComparer.Ordinal).Count());
        Assert.All(all, p => Assert.True(p.Dollars > 0, p.Key));
    }
}

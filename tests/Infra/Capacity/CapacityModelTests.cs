using Dapr.Voice.Infra.Capacity;
using Dapr.Voice.Infra.Pricing;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Infra.Capacity;

public sealed class CapacityModelTests
{
    private static readonly CapacityModel Model = new(new UnitCosts(), new CapacityAssumptions());

    [Fact]
    public void RegistryOperations_SmallestDeployment_AreThoseCountedByHand()
    {
        // Each of 2 shards makes 16 reads, an update of 2 operations, and 6.4 slot operations. The relay makes 16, signaling 16 + 64.
        Assert.Equal(2 * (16 + 2 + 6.4) + 16 + 80, CapacityModel.RegistryOperations(
            shards: 2, relays: 1, signaling: 1, maximumShards: 16, slotCount: 64), 6);
    }

    [Fact]
    public void RegistryOperations_GrowWithTheSquareOfACell_BeyondWhatAnAccountGives()
        => Assert.True(CapacityModel.RegistryOperations(100, 8, 2, 100, 800) > CapacityModel.TableOperationsPerSecondAndAccount);

    [Fact]
    public void Plan_TenThousandOverUdp_IsWhatOneComputesByHand()
    {
        // 4 cores x 0.7 / (1.28 % + 50 x 121 us) are 148 sessions for a shard: 68 shards, 24 in a cell.
        CapacityPlan plan = Model.Plan(10_000, Edge.UdpEdge);
        Assert.Equal(148, plan.SessionsPerShard);
        Assert.Equal(68, plan.Shards);
        Assert.Equal(3, plan.Cells);
        // 3,333 sessions of a cell x 0.2 % are 6.7 cores. Each relay uses 0.7 of 4 cores.
        Assert.Equal(3, plan.RelaysPerCell);
        Assert.Equal(10_000 / 300.0, plan.CallsPerSecond, 6);
        Assert.Equal(10_000 * 52 * (80 + 28 + 28) * 8.0, plan.EgressBitsPerSecond, 3);
        Assert.Empty(plan.Broken);
    }

    [Fact]
    public void Plan_OneMillionWithTodaysCells_BreaksTheRegionNumbers()
        => Assert.Contains(Model.Plan(1_000_000, Edge.UdpEdge).Broken, limit => limit.IsOfFleet);

    [Fact]
    public void Plan_AcaTcp_EndsAtTheIngressProxiesFirst()
        => Assert.Contains("ingress proxies", Model.Plan(10_000, Edge.AcaTcp).Limits[0].Name, StringComparison.Ordinal);

    [Fact]
    public void Plan_Smallest_HasTwoOfEach()
    {
        CapacityPlan plan = Model.Plan(1, Edge.AcaTcp);
        Assert.Equal((2, 1, 2, 2), (plan.Shards, plan.Cells, plan.RelaysPerCell, plan.SignalingPerCell));
    }

    [Fact]
    public void Plan_LessThanOneSession_Throws() => Assert.Throws<ArgumentOutOfRangeException>(() => Model.Plan(0, Edge.AcaTcp));

    [Fact]
    public void Plan_AnySize_CarriesAllItsSessionsAndCostsNoLessThanASmallerOne()
        => Prop.ForAll(Gen.Choose(1, 20_000_000).ToArbitrary(), sessions =>
        {
            foreach (Edge edge in Enum.GetValues<Edge>())
            {
                CapacityPlan plan = Model.Plan(sessions, edge), larger = Model.Plan(sessions * 2.0, edge);
                if ((double)plan.Shards * plan.SessionsPerShard < sessions) return false;
                if (plan.Shards > plan.Cells * Model.Assumptions.ShardsPerCell) return false;
                if (larger.DollarsPerMonth < plan.DollarsPerMonth || larger.Cores < plan.Cores) return false;
            }
            return true;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Plan_BuiltInEcho_NeedsFewerShardsThanABackend()
    {
        var echo = new CapacityModel(new UnitCosts(), new CapacityAssumptions { WithBackend = false });
        Assert.True(echo.Plan(100_000, Edge.AcaTcp).Shards < Model.Plan(100_000, Edge.AcaTcp).Shards);
    }

    [Fact]
    public void UsageDollarsPerSessionHour_IsMostlyEgress()
    {
        double egressAlone = Model.EgressBytesPerSecond(Edge.UdpEdge) * 3600 / 1e9 * 0.087;
        Assert.InRange(Model.UsageDollarsPerSessionHour(Edge.UdpEdge), egressAlone, egressAlone * 1.5);
    }
}

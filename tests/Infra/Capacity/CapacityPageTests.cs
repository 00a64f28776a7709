using System.Runtime.CompilerServices;
using Dapr.Voice.Infra.Capacity;
using Dapr.Voice.Infra.Pricing;
using Xunit;

namespace Dapr.Voice.Tests.Infra.Capacity;

/// <summary>
/// docs/capacity.md agrees with the model. If one of these tests fails, <c>./voice capacity --edge …</c> prints the tables for the page.
/// </summary>
public sealed class CapacityPageTests
{
    private static string Page() => Read("docs/capacity.md");

    private static string Read(string path, [CallerFilePath] string here = "")
        => File.ReadAllText(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", path)).ReplaceLineEndings("\n");

    [Theory]
    [InlineData(Edge.AcaTcp)]
    [InlineData(Edge.UdpEdge)]
    public void Page_Tables_AreThoseOfTheModel(Edge edge)
    {
        var model = new CapacityModel(new UnitCosts(), new CapacityAssumptions());
        CapacityPlan[] plans = [model.Plan(10_000, edge), model.Plan(1_000_000, edge), model.Plan(10_000_000, edge)];
        Assert.Contains(CapacityTables.Needs(plans), Page(), StringComparison.Ordinal);
        Assert.Contains(CapacityTables.Limits(plans[0]), Page(), StringComparison.Ordinal);
    }

    [Fact]
    public void Page_Prices_SayWhatTheyAre() => Assert.Contains(PriceTable.Caution, Page(), StringComparison.Ordinal);

    [Fact]
    public void Model_OwnLimits_AreThoseOfTheCode()
    {
        Assert.Contains($"MaximumEndpoints = {CapacityModel.EndpointsPerRelayWorker};", Read("services/relay/PacketPath/LinkSet.cs"),
            StringComparison.Ordinal);
        Assert.Contains($"MaximumLinks = {CapacityModel.LinksPerTransceiverWorker};", Read("libs/Steering/LinkAcceptor.cs"),
            StringComparison.Ordinal);
        Assert.Contains($"Shard is < 0 or > {CapacityModel.ShardsPerRegion - 1}", Read("services/transceiver/TransceiverOptions.cs"),
            StringComparison.Ordinal);
        Assert.Contains($"RegionNumber is < 0 or > {CapacityModel.RegionsPerFleet - 1}", Read("libs/Hosting/FleetOptions.cs"),
            StringComparison.Ordinal);
    }
}

using Dapr.Voice.Infra;
using Dapr.Voice.Infra.Capacity;
using Dapr.Voice.Infra.WhatIf;
using Dapr.Voice.Tests.Infra.Bicep;
using Dapr.Voice.Tests.Infra.Checks;
using Xunit;

namespace Dapr.Voice.Tests.Infra.WhatIf;

/// <summary>Plans of our own Bicep: what <c>./voice deploy --what-if</c> prints.</summary>
public sealed class DeploymentPlannerTests
{
    private static readonly Dictionary<string, string> NoVariables = [];

    private static WhatIfReport Plan(Edge? edge = null, int? shards = null, params string[] regions)
        => DeploymentPlanner.Plan(Checkout.Root, new WhatIfRequest(regions.Length == 0 ? null : regions, edge, shards), NoVariables,
        Compiler.Shared);

    private static IEnumerable<PlannedPlace> Regions(WhatIfReport report) => report.Places.Where(p => p.Name != PlannedPlace.Shared);

    private static PlannedResource App(PlannedPlace place, string name)
        => place.Resources.Single(r => r.Type == "containerApps" && r.Name == name);

    public static TheoryData<Edge, int> Shapes()
        => new() { { Edge.AcaTcp, 1 }, { Edge.AcaTcp, 3 }, { Edge.UdpEdge, 1 }, { Edge.UdpEdge, 3 } };

    private static readonly string[] Three = ["westeurope", "eastus2", "japaneast"];

    [Fact]
    public void Plan_Default_IsOneRegionWithTwoShardsAndNothingShared_ButTheRegistry()
    {
        WhatIfReport report = Plan();
        PlannedPlace region = Assert.Single(Regions(report));
        Assert.Equal(WhatIfRequest.DefaultRegion, region.Name);
        Assert.Equal(Edge.AcaTcp, report.Edge);
        Assert.Equal(2, region.Shards);
        Assert.Equal(["registries"], report.Places.Single(p => p.Name == PlannedPlace.Shared).Resources.Select(r => r.Type));
        Assert.Contains(App(region, "relay").Ports, p => p is { Protocol: "tcp", Number: 3478, IsExternal: true });
        Assert.Contains(App(region, "signaling").Ports, p => p is { Protocol: "https", IsExternal: true });
        Assert.False(App(region, "transceiver-00").Ports.Single().IsExternal);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Plan_AnyShape_HasNoErrors(Edge edge, int regions)
        => Assert.DoesNotContain(Plan(edge, null, Three[..regions]).Findings, f => f.Severity == Severity.Error);

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Plan_AnyShape_HasItsRegionsInOrderWithAllTheirParts(Edge edge, int regions)
    {
        WhatIfReport report = Plan(edge, null, Three[..regions]);
        Assert.Equal(Three[..regions], Regions(report).Select(p => p.Name));
        Assert.All(Regions(report), place =>
        {
            string[] types = [.. place.Resources.Select(r => r.Type)];
            Assert.Empty(
                new[] { "storageAccounts", "vaults", "namespaces", "managedEnvironments", "virtualNetworks",
                "containerApps" }.Except(types));
            Assert.Equal(edge == Edge.UdpEdge, types.Contains("virtualMachineScaleSets"));
            Assert.Equal(edge == Edge.UdpEdge, types.Contains("loadBalancers"));
            Assert.Equal(5, place.Identities);
            // Two roles more on the account where it is somebody's buddy.
            Assert.True(place.RoleAssignments >= (regions > 1 ? 6 : 4));
            // Two for the relay, where it runs there, and two that reach the buddy.
            Assert.Equal((edge == Edge.AcaTcp ? 8 : 6) + (regions > 1 ? 2 : 0), place.DaprComponents);
            Assert.Equal(2, place.Resources.Count(r => r.Name.StartsWith("transceiver-", StringComparison.Ordinal)));
        });
        Assert.Equal(regions > 1, report.Places.SelectMany(p => p.Resources).Any(r => r.Type == "profiles"));
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Plan_AnyShape_ExposesEachPortOnceInAnEnvironment(Edge edge, int regions)
    {
        foreach (PlannedPlace place in Regions(Plan(edge, 12, Three[..regions])))
        {
            int[] ports = [.. place.Resources.Where(r => r.Type == "containerApps").SelectMany(r => r.Ports).Where(p => p.Protocol == "tcp")
                .Select(p => p.Number)];
            Assert.Equal(ports.Length, ports.Distinct().Count());
            Assert.Equal(20_000 + 16 * 11, ports.Where(p => p >= 20_000).Max());
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Plan_AnyShape_CostsWhatItsPartsCost(Edge edge, int regions)
    {
        WhatIfReport report = Plan(edge, null, Three[..regions]);
        Assert.All(report.Places, p => Assert.Empty(p.Unpriced));
        Assert.Equal(report.Places.Sum(p => p.Resources.Sum(r => r.DollarsPerMonth)), report.FixedDollarsPerMonth);
        // A region stands there for some two hundred dollars; wide, since it is the order that counts.
        Assert.All(Regions(report), p => Assert.InRange(p.FixedDollarsPerMonth, 100, 400));
        Assert.InRange(report.IdleDollarsPerMonth, 120 * regions, 500 * regions);
        Assert.True(report.IdleDollarsPerMonth > report.FixedDollarsPerMonth);
        Assert.InRange(report.UsageDollarsPerThousandSessionHours, 1, 10);
    }

    [Fact]
    public void Plan_MoreShards_CostMoreAndRaiseTheirMaximum()
    {
        WhatIfReport two = Plan(shards: 2), twenty = Plan(shards: 20);
        Assert.Equal(20, Regions(twenty).Single().Shards);
        Assert.True(twenty.FixedDollarsPerMonth > two.FixedDollarsPerMonth + 15 * 30);
        Assert.Contains(twenty.Parameters, p => p.Contains("VOICE_MAXIMUM_SHARDS", StringComparison.Ordinal));
        Assert.DoesNotContain(two.Parameters, p => p.Contains("VOICE_MAXIMUM_SHARDS", StringComparison.Ordinal));
        Assert.DoesNotContain(twenty.Findings, f => f.Severity == Severity.Error);
    }

    [Fact]
    public void Plan_LocationOfTheAzdEnvironment_IsHome()
    {
        WhatIfReport report = DeploymentPlanner.Plan(Checkout.Root, new WhatIfRequest(),
            new Dictionary<string, string> { ["AZURE_LOCATION"] = "swedencentral", ["VOICE_EDGE"] = "udp-edge" }, Compiler.Shared);
        Assert.Equal("swedencentral", Regions(report).Single().Name);
        Assert.Equal(Edge.UdpEdge, report.Edge);
    }

    [Fact]
    public void Plan_RegionNumbers_AreGivenOnceAndKept()
    {
        string said = Plan(null, null, Three).Parameters.Single(p => p.Contains("VOICE_REGIONS_JSON", StringComparison.Ordinal));
        Assert.Contains("""{"location":"westeurope","number":1,"shards":2}""", said, StringComparison.Ordinal);
        Assert.Contains("""{"location":"eastus2","number":2,"shards":2}""", said, StringComparison.Ordinal);
        Assert.Contains("""{"location":"japaneast","number":3,"shards":2}""", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nowhere")]
    [InlineData("westeurope,westeurope")]
    [InlineData("")]
    public void Plan_RegionsThatCannotBe_Throw(string list)
        => Assert.Throws<ArgumentException>(
        () => DeploymentPlanner.Plan(Checkout.Root, new WhatIfRequest(list.Split(',', StringSplitOptions.RemoveEmptyEntries)),
        NoVariables, Compiler.Shared));

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    public void Plan_ShardsThatCannotBe_Throw(int shards)
        => Assert.Throws<ArgumentException>(
        () => DeploymentPlanner.Plan(Checkout.Root, new WhatIfRequest(Shards: shards), NoVariables, Compiler.Shared));

    [Fact]
    public void Plan_WithASubscription_HasTheNamesThatAzureMakes()
    {
        Dictionary<string, string> With(string id) => new(StringComparer.Ordinal) { ["AZURE_SUBSCRIPTION_ID"] = id };
        string Account(string id) => Regions(DeploymentPlanner.Plan(Checkout.Root, new WhatIfRequest(), With(id), Compiler.Shared))
            .Single().Resources.Single(r => r.Type == "storageAccounts").Name;
        string one = Account("11111111-1111-1111-1111-111111111111");
        Assert.Matches("^stvoice[a-z0-9]{13}$", one);
        Assert.Equal(one, Account("11111111-1111-1111-1111-111111111111"));
        Assert.NotEqual(one, Account("22222222-2222-2222-2222-222222222222"));
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void PlanOfCommitted_AnyShape_IsTheNearestCommittedOne(Edge edge, int regions)
    {
        WhatIfReport report = DeploymentPlanner.PlanOfCommitted(
            Checkout.Root, new WhatIfRequest(Three[..regions], edge), out string shape);
        Assert.Equal(regions, Regions(report).Count());
        Assert.Equal(edge == Edge.UdpEdge, shape.Contains("udp-edge", StringComparison.Ordinal));
        Assert.True(report.FixedDollarsPerMonth > 100);
    }

    [Fact]
    public void Plan_WithoutBicep_SaysWhichFileIsMissing()
    {
        string empty = Directory.CreateTempSubdirectory().FullName;
        try
        {
            Assert.Contains("main.bicep", Assert.Throws<FileNotFoundException>(
                () => DeploymentPlanner.Plan(empty, new WhatIfRequest(), NoVariables, Compiler.Shared)).Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(empty, recursive: true);
        }
    }
}

using System.Net;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Cli.Running;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Tests.Integration.Cli;

/// <summary>Addresses and tokens of the processes that <c>./voice up</c> starts.</summary>
public sealed class ServicePlanTests
{
    [Fact]
    public void Plan_OfAnIPv6Address_HasBracketsAndListensThere()
    {
        ServicePlan plan = Plan(["fd77::1"], httpAddress: "fd77::1");
        IReadOnlyDictionary<string, string> signaling = Settings(plan, AppIds.Signaling), relay = Settings(plan, AppIds.Relay);
        Assert.Equal(("udp://[fd77::1]:3478", "tcp://[fd77::1]:3478"),
            (signaling["Signaling__Ingresses__0"], signaling["Signaling__Ingresses__1"]));
        Assert.Equal("http://[fd77::1]:8080;http://127.0.0.1:8080", signaling["ASPNETCORE_URLS"]);
        Assert.Equal(("[::]:3478", "[::]:3478", "fd77::1"),
            (relay["Relay__PublicEndpoint"], relay["Relay__PublicTcpEndpoint"], relay["Relay__IngressAddresses__0"]));
        Assert.Equal(new HeldPlan(new IPEndPoint(IPAddress.IPv6Any, 3478), int.Parse(relay["Relay__Workers"]), HasTcp: true),
            plan.Processes.Single(p => p.Name == AppIds.Relay).Held);
        Assert.Equal(("http://[fd77::1]:8080", "[fd77::1]:3478"), (plan.Url, plan.RelayEndpoint));
    }

    [Fact]
    public void Plan_Relay_HasAnotherProcessThatStandsByWithTheSameSocketsAndSettings()
    {
        ServicePlan plan = Plan(["192.0.2.1"], "127.0.0.1");
        PlannedProcess relay = plan.Processes.Single(p => p.Name == AppIds.Relay);
        PlannedProcess standby = plan.Processes.Single(p => p.StandsByFor == relay.Name);
        Assert.Equal((relay.Held, relay.Environment), (standby.Held, standby.Environment));
        // It starts after everything else, so that it takes no time from the start, and is no relay before the first one.
        Assert.Equal(standby, plan.Processes[^1]);
    }

    [Theory]
    [InlineData("0.0.0.0", "http://192.0.2.1:8080", "http://0.0.0.0:8080")]
    [InlineData("::", "http://[2001:db8::1]:8080", "http://[::]:8080")]
    public void Plan_OnAllAddresses_NamesOneThatIsReached(string httpAddress, string url, string urls)
    {
        ServicePlan plan = Plan(["2001:db8::1", "192.0.2.1"], httpAddress);
        Assert.Equal((url, urls), (plan.Url, Settings(plan, AppIds.Signaling)["ASPNETCORE_URLS"]));
    }

    [Fact]
    public void Plan_OfIPv4Addresses_DoesNotNeedIPv6()
        => Assert.Equal("0.0.0.0:3478", Settings(Plan(["192.0.2.1"], "127.0.0.1"), AppIds.Relay)["Relay__PublicEndpoint"]);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Plan_EachApp_HasATokenOfItsOwn(bool isRealSidecar)
    {
        ServicePlan plan = Plan(["127.0.0.1"], "127.0.0.1", isRealSidecar ? "/usr/bin/daprd" : null, "billing=3700,9000", "shop=3701");
        string[] ours = [.. plan.Processes.Where(p => plan.Apps.Any(a => a.Id == p.Name)).Select(p => p.Environment["APP_API_TOKEN"])];
        Assert.Equal(4, ours.Length);
        Assert.Equal(["billing", "shop"], plan.ForeignAppTokens.Keys.Order());
        string[] all = [.. ours, .. plan.ForeignAppTokens.Values];
        Assert.Equal(all.Length, all.Distinct(StringComparer.Ordinal).Count());
        // Each sidecar has the token of its app, and no other one.
        if (isRealSidecar)
        {
            Assert.All(plan.Apps, a => Assert.Equal(
                plan.ForeignAppTokens.TryGetValue(a.Id, out string? foreign) ? foreign : Settings(plan, a.Id)["APP_API_TOKEN"],
                Settings(plan, $"daprd-{a.Id}")["APP_API_TOKEN"]));
        }
        else
        {
            IReadOnlyDictionary<string, string> sidecar = Settings(plan, "sidecar");
            Assert.DoesNotContain("APP_API_TOKEN", sidecar.Keys);
            Assert.Contains($"billing={plan.ForeignAppTokens["billing"]}", sidecar["APP_API_TOKENS"], StringComparison.Ordinal);
        }
    }

    private static IReadOnlyDictionary<string, string> Settings(ServicePlan plan, string process)
        => plan.Processes.Single(p => p.Name == process).Environment;

    private static ServicePlan Plan(string[] addresses, string httpAddress, string? daprd = null, params string[] apps)
        => new(Installation.Find(), new UpOptions
        {
            Agent = "local", Transceivers = 2, HttpPort = 8080, RelayPort = 3478, Addresses = [.. addresses.Select(IPAddress.Parse)],
            HttpAddress = httpAddress, Apps = apps, Components = null, UseDevelopmentSidecar = daprd is null, Region = "local",
        }, daprd);
}

using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Cli.Running;
using Dapr.Voice.Contracts;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Tests.Integration.Cli;

/// <summary>
/// No two processes of a laptop's region use the same port, with either sidecar and with every example in the documents.
/// </summary>
public sealed partial class ServicePlanPortsTests
{
    [Fact]
    public void Bands_AnyTwo_DoNotOverlap()
    {
        foreach (PortBand band in LocalPorts.All)
        {
            Assert.True(band.First <= band.Last && band.Last < 32_768, $"{band}: ends where Linux gives ports to clients");
            Assert.All(LocalPorts.All.Where(other => other != band), other => Assert.False(
                band.First <= other.Last && other.First <= band.Last, $"{band} and {other}"));
        }
    }

    [Fact]
    public void SidecarPorts_OfAnyHttpPortInTheBand_AreEachInTheirOwnBand()
    {
        for (int http = LocalPorts.SidecarHttp.First; http <= LocalPorts.SidecarHttp.Last; http++)
        {
            var ports = new SidecarPorts(http);
            Assert.True(ports.IsInBand && LocalPorts.SidecarGrpc.Contains(ports.Grpc)
                && LocalPorts.SidecarInternalGrpc.Contains(ports.InternalGrpc) && LocalPorts.SidecarMetrics.Contains(ports.Metrics));
        }
        Assert.False(new SidecarPorts(LocalPorts.SidecarHttp.First - 1).IsInBand
            || new SidecarPorts(LocalPorts.SidecarHttp.Last + 1).IsInBand);
    }

    public static TheoryData<string, bool> Examples()
    {
        var data = new TheoryData<string, bool>();
        foreach (string app in DocumentedApps().Where(a => !IsOurs(a)))
        {
            data.Add(app, true);
            data.Add(app, false);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void Plan_DocumentedAppBesideAFullRegion_HasEveryPortOnce(string app, bool isRealSidecar)
    {
        ServicePlan plan = Plan([app], isRealSidecar);
        plan.EnsurePortsDiffer();
        int[] ports =
            [.. plan.Apps.SelectMany(a => new[] { a.Sidecar.Http, a.Sidecar.Grpc, a.Sidecar.InternalGrpc, a.Sidecar.Metrics }.Concat(
            a.AppPort is { } p ? [p] : Array.Empty<int>()))];
        Assert.Equal(ports.Length, ports.Distinct().Count());
    }

    [Fact]
    public void Documents_GiveExamples() => Assert.Contains("mine=3700,9000", DocumentedApps());

    [Theory]
    [InlineData("mine=3500", "the sidecar of signaling")]
    [InlineData("mine=3511", "the sidecar of transceiver-01")]
    public void Plan_AppOnAPortOfOurs_IsRefusedByName(string app, string holder)
    {
        CommandFailedException refused = Assert.Throws<CommandFailedException>(() => Plan([app], isRealSidecar: false).EnsurePortsDiffer());
        Assert.Contains(holder, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4_500)]
    [InlineData(8_070)]
    [InlineData(20_000)]
    public void Plan_PagePortInABand_IsRefused(int port)
        => Assert.Throws<CommandFailedException>(() => Plan([], isRealSidecar: true, port).EnsurePortsDiffer());

    [Theory]
    [InlineData("mine=4700")]
    [InlineData("mine=3499")]
    [InlineData("mine=8080,9000")]
    public void App_SidecarPortOutsideTheBand_IsRefused(string app) => Assert.Throws<CommandFailedException>(() => AppArgument.Parse(app));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Plan_EveryServiceWithASidecar_IsToldBothPorts(bool isRealSidecar)
    {
        ServicePlan plan = Plan([], isRealSidecar);
        foreach (AppArgument app in plan.Apps)
        {
            PlannedProcess process = plan.Processes.Single(p => p.Name == app.Id);
            Assert.Equal(
                ($"{app.Sidecar.Http}", $"{app.Sidecar.Grpc}"),
                (process.Environment["DAPR_HTTP_PORT"], process.Environment["DAPR_GRPC_PORT"]));
        }
    }

    [Fact]
    public void DaprRunFile_EveryApp_HasThePortsOfUp()
    {
        var yaml = new YamlStream();
        using (var reader = new StreamReader(Checkout.File("dapr.yaml"))) yaml.Load(reader);
        ServicePlan plan = Plan([], isRealSidecar: true);
        var apps = ((YamlSequenceNode)yaml.Documents[0].RootNode["apps"]).Cast<YamlMappingNode>().ToList();
        Assert.NotEmpty(apps);
        foreach (YamlMappingNode app in apps)
        {
            AppArgument planned = plan.Apps.Single(a => a.Id == app["appID"].ToString());
            int Port(string key) => int.Parse(app[key].ToString(), CultureInfo.InvariantCulture);
            Assert.Equal(
                (planned.AppPort, planned.Sidecar.Http, planned.Sidecar.Grpc, planned.Sidecar.InternalGrpc, planned.Sidecar.Metrics),
                (Port("appPort"), Port("daprHTTPPort"), Port("daprGRPCPort"), Port("daprInternalGRPCPort"), Port("metricsPort")));
        }
    }

    private static ServicePlan Plan(string[] apps, bool isRealSidecar, int httpPort = 8_080)
    {
        var options = new UpOptions
        {
            Agent = "local",
            Transceivers = LocalPorts.MaximumShards,
            HttpPort = httpPort,
            RelayPort = LocalPorts.RelayPublic.First,
            Addresses = [IPAddress.Loopback],
            HttpAddress = "127.0.0.1",
            Apps = apps,
            Components = null,
            UseDevelopmentSidecar = !isRealSidecar,
            Region = "local",
            Link = LinkKind.Tcp,
        };
        return new ServicePlan(Installation.Find(), options, isRealSidecar ? "daprd" : null);
    }

    /// <summary>
    /// Every <c>--app ID=…</c> in a Markdown file of the repository. Text in capitals (<c>ID=SIDECAR_PORT</c>) is not an example.
    /// </summary>
    private static IEnumerable<string> DocumentedApps() => Checkout.Pages()
        .SelectMany(f => AppExample().Matches(File.ReadAllText(f)).Select(m => m.Groups[1].Value))
        .Distinct(StringComparer.Ordinal);

    private static bool IsOurs(string app)
        => app.StartsWith("signaling=", StringComparison.Ordinal) || app.StartsWith("relay=", StringComparison.Ordinal);

    [GeneratedRegex(@"--app[ =]([a-z][a-z0-9-]*=\d+(?::\d+)?(?:,\d+)?)", RegexOptions.CultureInvariant)]
    private static partial Regex AppExample();
}

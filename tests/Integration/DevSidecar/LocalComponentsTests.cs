using Dapr.Voice.Contracts;
using Dapr.Voice.DevSidecar;
using Dapr.Voice.DevSidecar.Components;
using Dapr.Voice.DevSidecar.PubSub;
using Dapr.Voice.DevSidecar.Resources;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Tests.Integration.DevSidecar;

/// <summary>
/// The component sets for a developer's machine, and <c>dapr.yaml</c>, are valid for the real sidecar, too. Dapr's own schemas check them.
/// </summary>
public sealed class LocalComponentsTests
{
    private static readonly string Root = Path.Combine(AppContext.BaseDirectory, "components");

    private static readonly string Local = Path.Combine(Root, "local");

    public static TheoryData<string> Sets => ["local", "postgres-rabbitmq"];

    public static TheoryData<string> Files =>
    [
        .. new[] { "local", "postgres-rabbitmq" }.SelectMany(
            set => Directory.EnumerateFiles(Path.Combine(Root, set), "*.yaml", SearchOption.AllDirectories))
            .Select(f => Path.GetRelativePath(Root, f)).Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Files))]
    public void File_AgainstTheResourceDefinition_IsValid(string file)
    {
        Assert.Empty(ResourceFile.Problems(Path.Combine(Root, file)));
    }

    [Fact]
    public void Components_Metadata_IsKnownToTheComponent()
    {
        foreach (ComponentSpec component in ResourceLoader.Load([Local], null).Components)
            ResourceFile.AssertMetadataIsKnown(component.Type, component.Metadata.Keys.ToList());
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Components_NamesAndScopes_AreThoseOfTheContracts(string set)
    {
        ResourceSet resources = ResourceLoader.Load([Path.Combine(Root, set)], Path.Combine(Root, set, "config", "config.yaml"));
        Assert.Equal(
            new SortedSet<string>([ComponentNames.Sessions, ComponentNames.Checkpoints, ComponentNames.Lifecycle, ComponentNames.Secrets],
            StringComparer.Ordinal),
            new SortedSet<string>(resources.Components.Select(c => c.Name), StringComparer.Ordinal));
        string[] ours = [AppIds.Signaling, AppIds.Relay, .. Enumerable.Range(0, 16).Select(AppIds.Transceiver)];
        string[] owners = [.. ours.Where(a => a is not (AppIds.Signaling or AppIds.Relay))];
        foreach (ComponentSpec? component in resources.Components.Where(c => c.Name != ComponentNames.Lifecycle))
            Assert.Equal(component.Name == ComponentNames.Checkpoints ? owners : ours, component.Scopes);
        Assert.All(resources.Components.Where(c => c.Category == "state"), c => Assert.Equal("none", c.Find("keyPrefix")));
        Assert.Empty(resources.Notes);

        ComponentSpec lifecycle = resources.Components.Single(c => c.Name == ComponentNames.Lifecycle);
        var scopes = new TopicScopes(lifecycle);
        Assert.True(lifecycle.IsFor("anybody"));
        foreach (string app in ours)
        {
            Assert.True(scopes.MayPublish(app, Topics.Fleet) && scopes.MayPublish(app, Topics.DeadLetter)
                && !scopes.MayPublish(app, "other"));
            Assert.Equal(app != AppIds.Relay, scopes.MayPublish(app, Topics.Sessions));
        }
        Assert.True(scopes.MaySubscribe("anybody", Topics.Sessions));
        Assert.NotNull(resources.InboundRetry(ComponentNames.Lifecycle, "anybody"));
    }

    // The policy that docs/from-other-services.md recommends to other teams.
    [Fact]
    public void SamplePolicy_ForCallsToSignaling_IsValidAndRepeatsNoRefusal()
    {
        string file = Checkout.File("samples", "call-log", "resiliency.yaml");
        Assert.Empty(ResourceFile.Problems(file));
        Assert.Contains("httpStatusCodes: \"429,502-504\"", File.ReadAllText(file), StringComparison.Ordinal);
        Assert.Contains("httpStatusCodes: \"429,502-504\"", File.ReadAllText(Checkout.File("docs", "from-other-services.md")),
            StringComparison.Ordinal);
    }

    [Fact]
    public void DaprYaml_Apps_HaveKnownIdsAndNoPortTwice()
    {
        YamlMappingNode file = ResourceFile.Load(Path.Combine(AppContext.BaseDirectory, "dapr.yaml"));
        var apps = ResourceFile.Items(file, "apps").ToList();
        Assert.Equal([AppIds.Signaling, AppIds.Relay, AppIds.Transceiver(0), AppIds.Transceiver(1)],
            apps.Select(a => ResourceFile.Text(a, "appID")!));
        Assert.Equal(["8080", "8070", "8100", "8101"], apps.Select(a => ResourceFile.Text(a, "appPort")!));
        Assert.Equal(["3500", "3501", "3510", "3511"], apps.Select(a => ResourceFile.Text(a, "daprHTTPPort")!));
        var ports = apps.SelectMany(
            a => new[] { "appPort", "daprHTTPPort", "daprGRPCPort", "metricsPort" }.Select(p => ResourceFile.Text(a, p)!)).ToList();
        Assert.Equal(ports.Count, ports.Distinct(StringComparer.Ordinal).Count());
        Assert.All(apps, a => Assert.Equal(".", ResourceFile.Text(a, "appDirPath")));
    }
}

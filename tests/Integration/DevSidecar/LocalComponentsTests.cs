using Dapr.Voice.Contracts;
using Dapr.Voice.DevSidecar;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Tests.Integration.DevSidecar;

/// <summary><c>components/local</c> and <c>dapr.yaml</c> are right for the real sidecar too: checked against Dapr's own schemas.</summary>
public sealed class LocalComponentsTests
{
    private static readonly string Local = Path.Combine(AppContext.BaseDirectory, "components", "local");
    private static readonly string Schemas = Path.Combine(AppContext.BaseDirectory, "Vectors", "dapr-schemas");

    // Keys of the runtime, which are in no component's bundle (tests/Vectors/dapr-schemas).
    private static readonly string[] RuntimeMetadata = ["keyPrefix", "publishingScopes", "subscriptionScopes", "allowedTopics", "protectedTopics"];

    public static TheoryData<string> Files => [.. Directory.EnumerateFiles(Local, "*.yaml", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(Local, f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void File_AgainstTheResourceDefinition_IsValid(string file)
    {
        var resource = Load(Path.Combine(Local, file));
        string definition = Text(resource, "kind") switch { "Component" => "components.yaml", "Configuration" => "configuration.yaml", "Resiliency" => "resiliency.yaml", "Subscription" => "subscription.yaml", var kind => throw new InvalidOperationException(kind) };
        string version = Text(resource, "apiVersion")!.Split('/')[1];
        var versions = (YamlSequenceNode)At(Load(Path.Combine(Schemas, "crds", definition)), "spec", "versions")!;
        var schema = At(versions.Single(v => Text((YamlMappingNode)v, "name") == version), "schema", "openAPIV3Schema")!;
        var problems = new List<string>();
        CrdSchema.Check((YamlMappingNode)schema, resource, file, problems);
        Assert.Empty(problems);
    }

    [Fact]
    public void Components_Metadata_IsKnownToTheComponent()
    {
        foreach (var component in ResourceLoader.Load([Local], null).Components)
        {
            var bundle = Load(Path.Combine(Schemas, "components", component.Type + ".yaml"));
            var names = Items(bundle, "metadata").Concat(Items(bundle, "authenticationProfiles").SelectMany(p => Items(p, "metadata"))).Select(m => Text(m, "name")!).Concat(RuntimeMetadata).ToList();
            Assert.All(component.Metadata.Keys, name => Assert.Contains(name, names));
            Assert.All(Items(bundle, "metadata").Where(m => Text(m, "required") == "true"), m => Assert.True(component.Metadata.ContainsKey(Text(m, "name")!)));
        }
    }

    [Fact]
    public void Components_NamesAndScopes_AreThoseOfTheContracts()
    {
        var resources = ResourceLoader.Load([Local], Path.Combine(Local, "config", "config.yaml"));
        Assert.Equal(
            new SortedSet<string>([ComponentNames.Sessions, ComponentNames.Checkpoints, ComponentNames.Lifecycle, ComponentNames.Secrets], StringComparer.Ordinal),
            new SortedSet<string>(resources.Components.Select(c => c.Name), StringComparer.Ordinal));
        string[] ours = [AppIds.Signaling, AppIds.Relay, .. Enumerable.Range(0, 16).Select(AppIds.Transceiver)];
        foreach (var component in resources.Components.Where(c => c.Name != ComponentNames.Lifecycle)) Assert.Equal(ours, component.Scopes);
        Assert.All(resources.Components.Where(c => c.Category == "state"), c => Assert.Equal("none", c.Find("keyPrefix")));
        Assert.Empty(resources.Notes);

        var lifecycle = resources.Components.Single(c => c.Name == ComponentNames.Lifecycle);
        var scopes = new TopicScopes(lifecycle);
        Assert.True(lifecycle.IsFor("anybody"));
        foreach (string app in ours)
        {
            Assert.True(scopes.MayPublish(app, Topics.Fleet) && scopes.MayPublish(app, Topics.DeadLetter) && !scopes.MayPublish(app, "other"));
            Assert.Equal(app != AppIds.Relay, scopes.MayPublish(app, Topics.Sessions));
        }
        Assert.True(scopes.MaySubscribe("anybody", Topics.Sessions));
        Assert.Equal(TimeSpan.FromMilliseconds(500), resources.InboundRetry(ComponentNames.Lifecycle, "anybody")!.DelayBefore(1));
        Assert.Null(resources.InboundRetry(ComponentNames.Lifecycle, "anybody")!.DelayBefore(601));
    }

    [Fact]
    public void DaprYaml_Apps_HaveKnownIdsAndNoPortTwice()
    {
        var file = Load(Path.Combine(AppContext.BaseDirectory, "dapr.yaml"));
        var apps = Items(file, "apps").ToList();
        Assert.Equal([AppIds.Signaling, AppIds.Relay, AppIds.Transceiver(0), AppIds.Transceiver(1)], apps.Select(a => Text(a, "appID")!));
        Assert.Equal(["8080", "8070", "8100", "8101"], apps.Select(a => Text(a, "appPort")!));
        Assert.Equal(["3500", "3501", "3510", "3511"], apps.Select(a => Text(a, "daprHTTPPort")!));
        var ports = apps.SelectMany(a => new[] { "appPort", "daprHTTPPort", "daprGRPCPort", "metricsPort" }.Select(p => Text(a, p)!)).ToList();
        Assert.Equal(ports.Count, ports.Distinct(StringComparer.Ordinal).Count());
        Assert.All(apps, a => Assert.Equal(".", Text(a, "appDirPath")));
    }

    private static YamlMappingNode Load(string file)
    {
        var yaml = new YamlStream();
        using var reader = new StreamReader(file);
        yaml.Load(reader);
        return (YamlMappingNode)yaml.Documents[0].RootNode;
    }

    private static YamlNode? At(YamlNode node, params string[] path)
    {
        foreach (string name in path) node = ((YamlMappingNode)node).Children[new YamlScalarNode(name)];
        return node;
    }

    private static string? Text(YamlMappingNode node, string name) => node.Children.TryGetValue(new YamlScalarNode(name), out var value) ? ((YamlScalarNode)value).Value : null;

    private static IEnumerable<YamlMappingNode> Items(YamlMappingNode node, string name) => node.Children.TryGetValue(new YamlScalarNode(name), out var value) ? ((YamlSequenceNode)value).Cast<YamlMappingNode>() : [];
}

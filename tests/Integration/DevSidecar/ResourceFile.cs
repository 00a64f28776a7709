using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Tests.Integration.DevSidecar;

/// <summary>One of our YAML files beside Dapr's own schemas (tests/Vectors/dapr-schemas).</summary>
internal static class ResourceFile
{
    private static readonly string Schemas = Path.Combine(AppContext.BaseDirectory, "Vectors", "dapr-schemas");

    // Keys of the runtime, which are in no component's bundle (tests/Vectors/dapr-schemas).
    private static readonly string[] RuntimeMetadata = ["keyPrefix", "publishingScopes", "subscriptionScopes", "allowedTopics", "protectedTopics"];

    // What a bundle means by its built-in profile `azuread`, as far as a managed identity needs it.
    private static readonly string[] ManagedIdentity = ["azureClientId", "azureTenantId", "azureEnvironment"];

    // The two bundles that are not among the schemas; names from components-contrib (state/azure/tablestorage, state/azure/blobstorage/v2).
    private static readonly Dictionary<string, (string[] Required, string[] Optional)> Storage = new(StringComparer.Ordinal)
    {
        ["state.azure.tablestorage"] = (["accountName", "tableName"], ["accountKey", "cosmosDbMode", "serviceURL", "skipCreateTable"]),
        ["state.azure.blobstorage"] = (["accountName", "containerName"], ["accountKey", "endpoint", "retryCount", "publicAccessLevel", "disableEntityManagement"]),
    };

    /// <summary>What is wrong with the file by the definition of its resource; empty if nothing.</summary>
    public static IReadOnlyList<string> Problems(string file)
    {
        var resource = Load(file);
        string definition = Text(resource, "kind") switch
        {
            "Component" => "components.yaml", "Configuration" => "configuration.yaml", "Resiliency" => "resiliency.yaml", "Subscription" => "subscription.yaml",
            var kind => throw new InvalidOperationException(kind),
        };
        string version = Text(resource, "apiVersion")!.Split('/')[1];
        var versions = (YamlSequenceNode)At(Load(Path.Combine(Schemas, "crds", definition)), "spec", "versions")!;
        var schema = At(versions.Single(v => Text((YamlMappingNode)v, "name") == version), "schema", "openAPIV3Schema")!;
        var problems = new List<string>();
        CrdSchema.Check((YamlMappingNode)schema, resource, Path.GetFileName(file), problems);
        return problems;
    }

    /// <summary>Every name is one that the component reads, and none that it must have is missing.</summary>
    public static void AssertMetadataIsKnown(string type, IReadOnlyCollection<string> names)
    {
        string[] known, required;
        if (Storage.TryGetValue(type, out var storage))
        {
            (required, known) = (storage.Required, [.. storage.Required, .. storage.Optional, .. ManagedIdentity, .. RuntimeMetadata]);
        }
        else
        {
            var bundle = Load(Path.Combine(Schemas, "components", type + ".yaml"));
            var profiles = Items(bundle, "authenticationProfiles").Concat(Items(bundle, "builtinAuthenticationProfiles")).ToList();
            known = [.. Items(bundle, "metadata").Concat(profiles.SelectMany(p => Items(p, "metadata"))).Select(m => Text(m, "name")!), .. RuntimeMetadata,
                .. profiles.Any(p => Text(p, "name") == "azuread") ? ManagedIdentity : []];
            required = [.. Items(bundle, "metadata").Where(m => Text(m, "required") == "true").Select(m => Text(m, "name")!)];
        }
        Assert.All(names, name => Assert.Contains(name, known));
        Assert.All(required, name => Assert.Contains(name, names));
    }

    public static YamlMappingNode Load(string file)
    {
        var yaml = new YamlStream();
        using var reader = new StreamReader(file);
        yaml.Load(reader);
        return (YamlMappingNode)yaml.Documents[0].RootNode;
    }

    public static YamlNode? At(YamlNode node, params string[] path)
    {
        foreach (string name in path) node = ((YamlMappingNode)node).Children[new YamlScalarNode(name)];
        return node;
    }

    public static string? Text(YamlMappingNode node, string name) => node.Children.TryGetValue(new YamlScalarNode(name), out var value) ? ((YamlScalarNode)value).Value : null;

    public static IEnumerable<YamlMappingNode> Items(YamlMappingNode node, string name)
        => node.Children.TryGetValue(new YamlScalarNode(name), out var value) ? ((YamlSequenceNode)value).Cast<YamlMappingNode>() : [];
}

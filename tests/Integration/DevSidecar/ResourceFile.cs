using Dapr.Voice.Infra;
using Dapr.Voice.Infra.Dapr;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Tests.Integration.DevSidecar;

/// <summary>Checks one of our YAML files with Dapr's own schemas (tools/infra/Schemas).</summary>
internal static class ResourceFile
{
    /// <summary>Returns what is wrong with the file by the definition of its resource, or an empty list.</summary>
    public static IReadOnlyList<Finding> Problems(string file) => ResourceCheck.Of(Path.GetFileName(file), File.ReadAllText(file));

    /// <summary>Asserts that the component reads every name, and that no required name is missing.</summary>
    public static void AssertMetadataIsKnown(string type, IReadOnlyCollection<string> names)
        => Assert.Empty(ResourceCheck.MetadataProblems(type, names));

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

    public static string? Text(YamlMappingNode node, string name)
        => node.Children.TryGetValue(new YamlScalarNode(name), out YamlNode? value) ? ((YamlScalarNode)value).Value : null;

    public static IEnumerable<YamlMappingNode> Items(YamlMappingNode node, string name)
        => node.Children.TryGetValue(new YamlScalarNode(name), out YamlNode? value) ? ((YamlSequenceNode)value).Cast<YamlMappingNode>()
        : [];
}

using Dapr.Voice.Infra;
using Dapr.Voice.Infra.Dapr;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Tests.Integration.DevSidecar;

/// <summary>One of our YAML files beside Dapr's own schemas (tools/infra/Schemas).</summary>
internal static class ResourceFile
{
    /// <summary>What is wrong with the file by the definition of its resource; empty if nothing.</summary>
    public static IReadOnlyList<Finding> Problems(string file) => ResourceCheck.Of(Path.GetFileName(file), File.ReadAllText(file));

    /// <summary>Every name is one that the component reads, and none that it must have is missing.</summary>
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

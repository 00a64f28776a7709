using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Infra.Checks;
using Dapr.Voice.Infra.Documents;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Infra.Dapr;

/// <summary>
/// A Dapr component, declared by a YAML file or by a resource of a Container Apps environment. The same rules hold for both.
/// </summary>
internal sealed record DaprComponent(string Name, string Type, string Version, IReadOnlyList<MetadataEntry> Metadata,
    IReadOnlyList<(string App, Place Where)> Scopes, Place Where)
{
    /// <summary>The resource that declares it. Null for a file.</summary>
    public ResolvedResource? Resource { get; init; }

    /// <summary>Where a missing metadata name would stand.</summary>
    public Place MetadataAt { get; init; } = Where;

    public Place ScopesAt { get; init; } = Where;

    public string Building => Type.Split('.')[0];

    public MetadataEntry? Find(string name)
        => Metadata.FirstOrDefault(m => string.Equals(m.Name, name, StringComparison.OrdinalIgnoreCase));

    public static DaprComponent From(SourceDocument document)
    {
        Place Span(YamlNode? node)
            => node is null ? new(document.Path, 1, 1) : new(document.Path, (int)node.Start.Line, (int)node.Start.Column);
        YamlNode root = document.Root;
        IEnumerable<MetadataEntry> metadata = root.Items("spec", "metadata").Select(m => new MetadataEntry(
            m.Text("name") ?? "",
            m.At("value") is not null ? MetadataSource.Value : m.At("envRef") is not null ? MetadataSource.Later
            : m.At("secretKeyRef") is not null ? MetadataSource.Secret : MetadataSource.None,
            m.Text("value"), Span(m)));
        return new DaprComponent(
            root.Text("metadata", "name") ?? "", root.Text("spec", "type") ?? "", root.Text("spec", "version") ?? "", [.. metadata],
            [.. root.Items("scopes").OfType<YamlScalarNode>().Select(s => (s.Value ?? "", Span(s)))],
            Span(root.At("metadata", "name") ?? root))
        {
            MetadataAt = Span(root.At("spec", "type") ?? root),
            ScopesAt = Span(root.At("metadata", "name") ?? root),
        };
    }

    public static DaprComponent From(ResolvedResource resource)
    {
        BicepObject body = resource.Body;
        IEnumerable<MetadataEntry> metadata = body.At("properties.metadata").Objects().Select(m =>
        {
            BicepValue? value = m["value"];
            MetadataSource source = m["secretRef"] is not null ? MetadataSource.Secret
                : value switch { null or BicepNull => MetadataSource.None, BicepString => MetadataSource.Value, _ => MetadataSource.Later };
            return new MetadataEntry(m["name"].Text() ?? "", source, value.Text(), m.Where) { Resolved = value };
        });
        IEnumerable<(string, Place Where)> scopes = body.At("properties.scopes").Items().Select(s => (s.Text() ?? "", s.Where));
        return new DaprComponent(
            resource.Name?.Split('/')[^1] ?? resource.NameValue.Text() ?? "", body.At("properties.componentType").Text() ?? "",
            body.At("properties.version").Text() ?? "",
            [.. metadata], [.. scopes], resource.Where)
        {
            Resource = resource,
            MetadataAt = (body["properties"] as BicepObject)?.Find("metadata")?.Where ?? resource.Where,
            ScopesAt = (body["properties"] as BicepObject)?.Find("scopes")?.Where ?? resource.Where,
        };
    }
}

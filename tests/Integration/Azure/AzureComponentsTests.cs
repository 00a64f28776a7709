using System.Text.RegularExpressions;
using Dapr.Voice.Contracts;
using Dapr.Voice.DevSidecar;
using Dapr.Voice.DevSidecar.Components;
using Dapr.Voice.DevSidecar.Resources;
using Dapr.Voice.Tests.Integration.DevSidecar;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Tests.Integration.Azure;

/// <summary>
/// <c>components/azure</c> and <c>components/azure-emulator</c> are valid for the real sidecar by Dapr's schemas, and equal to each other.
/// </summary>
public sealed partial class AzureComponentsTests
{
    private static readonly string Components = Path.Combine(AppContext.BaseDirectory, "components");
    private static readonly string Azure = Path.Combine(Components, "azure"), Emulator = Path.Combine(Components, "azure-emulator");
    private static readonly string[] Shards = [.. Enumerable.Range(0, 16).Select(AppIds.Transceiver)];

    public static TheoryData<string> Files
        => [.. new[] { Azure, Emulator }.SelectMany(f => Directory.EnumerateFiles(f, "*.yaml", SearchOption.AllDirectories))
        .Select(f => Path.GetRelativePath(Components, f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void File_AgainstTheResourceDefinition_IsValid(string file)
        => Assert.Empty(ResourceFile.Problems(Path.Combine(Components, file)));

    [Fact]
    public void Components_Metadata_IsKnownToTheComponent()
    {
        foreach (YamlMappingNode? component in ComponentsIn(Azure).Concat(ComponentsIn(Emulator)))
            ResourceFile.AssertMetadataIsKnown(
                TypeOf(component).Type, [.. MetadataOf(component).Select(m => ResourceFile.Text(m, "name")!)]);
    }

    [Fact]
    public void Components_TypesNamesAndScopes_AreThoseOfTheRegion()
    {
        var azure = ComponentsIn(Azure).ToDictionary(NameOf, StringComparer.Ordinal);
        Assert.Equal(
            ["checkpoints", "checkpoints-buddy", "lifecycle", "secrets", "sessions", "sessions-buddy"],
            azure.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(("state.azure.tablestorage", "v1"), TypeOf(azure[ComponentNames.Sessions]));
        Assert.Equal(("state.azure.blobstorage", "v2"), TypeOf(azure[ComponentNames.Checkpoints]));
        Assert.Equal(("pubsub.azure.servicebus.topics", "v1"), TypeOf(azure[ComponentNames.Lifecycle]));
        Assert.Equal(("secretstores.azure.keyvault", "v1"), TypeOf(azure[ComponentNames.Secrets]));
        string[] all = [AppIds.Signaling, AppIds.Relay, .. Shards];
        Assert.Equal(all, ScopesOf(azure[ComponentNames.Sessions]));
        Assert.Equal(all, ScopesOf(azure[ComponentNames.Secrets]));
        // A relay publishes nothing. Only an owner writes a checkpoint or a copy for the buddy.
        Assert.Equal([AppIds.Signaling, .. Shards], ScopesOf(azure[ComponentNames.Lifecycle]));
        foreach (string name in new[] { "checkpoints", "checkpoints-buddy", "sessions-buddy" }) Assert.Equal(Shards, ScopesOf(azure[name]));

        // A laptop has the same names, and its stores have the same types and scopes.
        var emulated = ComponentsIn(Emulator).ToDictionary(NameOf, StringComparer.Ordinal);
        Assert.Equal(azure.Keys.Order(StringComparer.Ordinal), emulated.Keys.Order(StringComparer.Ordinal));
        foreach (string name in azure.Keys.Where(n => TypeOf(azure[n]).Type.StartsWith("state.", StringComparison.Ordinal)))
        {
            Assert.Equal(TypeOf(azure[name]), TypeOf(emulated[name]));
            Assert.Equal(ScopesOf(azure[name]), ScopesOf(emulated[name]));
            Assert.Equal("none", ValueOf(azure[name], "keyPrefix"));
            Assert.Equal("none", ValueOf(emulated[name], "keyPrefix"));
        }
        // The buddy finds our copies in the place where it finds its own records.
        Assert.Equal(ValueOf(azure["sessions"], "tableName"), ValueOf(azure["sessions-buddy"], "tableName"));
        Assert.Equal(ValueOf(azure["checkpoints"], "containerName"), ValueOf(azure["checkpoints-buddy"], "containerName"));
    }

    [Fact]
    public void Lifecycle_PublishingScopes_AreThoseOfTheLaptopWithoutTheRelay()
    {
        static SortedSet<string> Rules(YamlMappingNode component)
            => new(ValueOf(component, "publishingScopes")!.Split(';'), StringComparer.Ordinal);
        SortedSet<string> azure = Rules(ComponentsIn(Azure).Single(c => NameOf(c) == ComponentNames.Lifecycle));
        SortedSet<string> local = Rules(ComponentsIn(Path.Combine(Components, "local")).Single(c => NameOf(c) == ComponentNames.Lifecycle));
        local.RemoveWhere(r => r.StartsWith("relay=", StringComparison.Ordinal));
        Assert.Equal(local, azure);
        Assert.Equal("true", ValueOf(ComponentsIn(Azure).Single(c => NameOf(c) == ComponentNames.Lifecycle), "disableEntityManagement"));
    }

    [Fact]
    public void Azure_WhatDiffersPerRegion_ComesFromDocumentedVariablesAndNoKeyIsThere()
    {
        var variables = new SortedSet<string>(StringComparer.Ordinal);
        foreach (YamlMappingNode? item in ComponentsIn(Azure).SelectMany(MetadataOf))
        {
            Assert.DoesNotContain(ResourceFile.Text(item, "name"), new[] { "accountKey", "connectionString", "azureClientSecret" });
            if (ResourceFile.Text(item, "envRef") is { } variable) variables.Add(variable);
        }
        // daprd does not give its own variables to a component.
        Assert.DoesNotContain(variables, v => v.StartsWith("DAPR_", StringComparison.Ordinal) || v.Contains(' ', StringComparison.Ordinal));
        string readme = File.ReadAllText(Path.Combine(Azure, "README.md"));
        Assert.Equal(
            variables, new SortedSet<string>(VariableRow().Matches(readme).Select(m => m.Groups[1].Value), StringComparer.Ordinal));
    }

    [Fact]
    public void Emulator_ByTheDevelopmentSidecar_IsReadWithoutARemark()
    {
        ResourceSet resources = ResourceLoader.Load([Emulator], Path.Combine(Emulator, "config", "config.yaml"));
        Assert.Empty(resources.Notes);
        Assert.Equal(6, resources.Components.Count);
        Assert.NotNull(resources.InboundRetry(ComponentNames.Lifecycle, "anybody"));
    }

    private static IEnumerable<YamlMappingNode> ComponentsIn(string folder)
        => Directory.EnumerateFiles(folder, "*.yaml").Order(StringComparer.Ordinal).Select(ResourceFile.Load)
        .Where(r => ResourceFile.Text(r, "kind") == "Component");

    private static string NameOf(YamlMappingNode component) => ((YamlScalarNode)ResourceFile.At(component, "metadata", "name")!).Value!;

    private static (string Type, string Version) TypeOf(YamlMappingNode component)
        => (((YamlScalarNode)ResourceFile.At(component, "spec", "type")!).Value!,
        ((YamlScalarNode)ResourceFile.At(component, "spec", "version")!).Value!);

    private static IEnumerable<YamlMappingNode> MetadataOf(YamlMappingNode component)
        => ResourceFile.Items((YamlMappingNode)ResourceFile.At(component, "spec")!, "metadata");

    private static string? ValueOf(YamlMappingNode component, string name)
        => MetadataOf(component).Where(m => ResourceFile.Text(m, "name") == name).Select(m => ResourceFile.Text(m, "value"))
        .SingleOrDefault();

    private static IEnumerable<string> ScopesOf(YamlMappingNode component)
        => ((YamlSequenceNode)ResourceFile.At(component, "scopes")!).Select(s => ((YamlScalarNode)s).Value!);

    [GeneratedRegex(@"^\| `([A-Z_]+)` \|", RegexOptions.Multiline)]
    private static partial Regex VariableRow();
}

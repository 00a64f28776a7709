using Dapr.Voice.Infra.Bicep;
using Xunit;

namespace Dapr.Voice.Tests.Infra.Bicep;

public sealed class DeploymentTests
{
    private const string Main = """
        targetScope = 'subscription'
        param regions array = ['west', 'north']
        param withExtra bool = false
        resource groups 'Microsoft.Resources/resourceGroups@2024-11-01' = [for r in regions: {
          name: 'rg-${r}'
          location: r
        }]
        module region 'modules/region.bicep' = [for (r, i) in regions: {
          name: 'region-${r}'
          scope: groups[i]
          params: { number: i }
        }]
        module extra 'modules/region.bicep' = if (withExtra) {
          name: 'extra'
          scope: groups[0]
          params: { number: 9 }
        }
        output principals array = [for (r, i) in regions: region[i].outputs.principal]
        output extra string = withExtra ? extra!.outputs.id : 'none'
        """;

    private const string Region = """
        param number int
        resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
          name: 'id-${number}'
          location: resourceGroup().location
        }
        resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
          name: 'st${number}'
          location: identity.location
          resource blobs 'blobServices' = {
            name: 'default'
            resource box 'containers' = [for n in ['a', 'b']: {
              name: n
            }]
          }
        }
        resource role 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
          scope: account
          name: guid(account.id, 'role')
          properties: {
            principalId: identity.properties.principalId
            description: 'for ${identity.properties.clientId}!'
          }
        }
        resource queue 'Microsoft.Storage/storageAccounts/queueServices@2025-06-01' = {
          parent: account
          name: 'default'
          dependsOn: [account::blobs]
        }
        output principal string = identity.properties.principalId
        output id string = identity.id
        """;

    private static Deployment Resolve(bool withExtra = false)
        => Snippet.Deploy(Main, new Dictionary<string, object?> { ["withExtra"] = withExtra }, ("modules/region.bicep", Region));

    private static ResolvedResource Find(Deployment deployment, string key) => Assert.Single(deployment.Resources, r => r.Key == key);

    [Fact]
    public void Resolve_ModulesInALoop_AreExpanded()
    {
        var deployment = Resolve();
        Assert.Empty(deployment.Findings);
        Assert.Empty(Snippet.Program(Main, ("modules/region.bicep", Region)).Findings);
        Assert.Equal(["region[0]", "region[1]"], deployment.Modules.Select(m => m.Path));
        Assert.Equal(2 + (2 * 7), deployment.Resources.Count);
        Assert.Equal("extra", Resolve(withExtra: true).Modules[^1].Path);
    }

    [Fact]
    public void Resolve_IdsScopesAndNames_AreThoseOfArm()
    {
        var deployment = Resolve();
        var box = Find(deployment, "region[1]:account::blobs::box[1]");
        Assert.Equal("st1/default/b", box.Name);
        Assert.Equal("Microsoft.Storage/storageAccounts/blobServices/containers", box.Type);
        Assert.Equal("2025-06-01", box.ApiVersion);
        Assert.Equal("rg:rg-north", box.Scope);
        Assert.Equal("/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-north/providers/Microsoft.Storage/storageAccounts/st1/blobServices/default/containers/b", box.Id);
        Assert.Equal("region[1]:account::blobs", box.Parent);
        Assert.Equal("sub", Find(deployment, "groups[0]").Scope);
        Assert.Equal("region[0]:account", Find(deployment, "region[0]:role").ScopeResource);
        Assert.Equal("north", ((BicepString)Find(deployment, "region[1]:account").Body["location"]!).Value);
    }

    [Fact]
    public void Resolve_RuntimeValues_LeadToTheirResource()
    {
        var deployment = Resolve();
        var role = Find(deployment, "region[0]:role");
        var principal = Assert.IsType<BicepRuntime>(role.Body.At("properties.principalId"));
        Assert.Equal(new RuntimeReference("region[0]:identity", "properties.principalId"), Assert.Single(principal.References));
        var description = Assert.IsType<BicepRuntime>(role.Body.At("properties.description"));
        Assert.Equal(3, description.Parts.Count);
        var principals = Assert.IsType<BicepArray>(deployment.Outputs[0].Value);
        Assert.Equal("region[1]:identity.properties.principalId", Assert.IsType<BicepRuntime>(principals.Items[1]).Text);
        Assert.Equal("none", Assert.IsType<BicepString>(deployment.Outputs[1].Value).Value);
    }

    [Fact]
    public void Resolve_Dependencies_AreByReferenceParentAndDependsOn()
    {
        var deployment = Resolve();
        Assert.Equal(["region[0]:account", "region[0]:identity"], Find(deployment, "region[0]:role").DependsOn.Order());
        Assert.Equal(["region[0]:account", "region[0]:account::blobs"], Find(deployment, "region[0]:queue").DependsOn.Order());
        Assert.Contains("groups[0]", deployment.Modules[0].DependsOn);
    }

    [Fact]
    public void Resolve_Spans_CutTheirTextOut()
    {
        var role = Find(Resolve(), "region[0]:role");
        var property = ((BicepObject)role.Body["properties"]!).Find("principalId")!;
        Assert.Equal("principalId", Region.Substring(property.Where.Offset, property.Where.Length));
        Assert.Equal("modules/region.bicep", property.Where.File);
    }

    [Fact]
    public void Resolve_MissingAndUnknownParameters_AreTold()
    {
        var deployment = Snippet.Deploy("param p string\noutput o string = p\n", new Dictionary<string, object?> { ["q"] = 1 });
        Assert.Equal(["BCP259", "missing-parameter"], deployment.Findings.Select(f => f.Rule).Order());
        Assert.IsType<BicepRuntime>(deployment.Outputs[0].Value);
    }

    [Theory]
    [InlineData("@allowed(['a', 'b'])\nparam p string\noutput o string = p\n", "c")]
    [InlineData("@maxLength(2)\nparam p string\noutput o string = p\n", "abc")]
    [InlineData("@minValue(1)\nparam p int\noutput o int = p\n", 0)]
    [InlineData("type t = { a: int }\nparam p t[]\noutput o array = p\n", "[{\"b\":1}]")]
    [InlineData("param p bool\noutput o bool = p\n", "maybe")]
    public void Resolve_ValueOutsideItsType_IsTold(string text, object value)
        => Assert.NotEmpty(Snippet.Deploy(text, new Dictionary<string, object?> { ["p"] = value }).Findings);

    [Fact]
    public void Resolve_BombOfStringsAndArrays_EndsWithAFinding()
    {
        string strings = "var v0 = 'xxxxxxxxxxxxxxxx'\n" + string.Concat(Enumerable.Range(1, 40).Select(i => $"var v{i} = '${{v{i - 1}}}${{v{i - 1}}}'\n")) + "output o string = v40\n";
        Assert.Contains(Snippet.Deploy(strings).Findings, f => f.Rule == "reader-limit");
        string arrays = "var v0 = [1, 2]\n" + string.Concat(Enumerable.Range(1, 60).Select(i => $"var v{i} = [v{i - 1}, v{i - 1}]\n")) + "output o array = v60\n";
        Assert.Contains(Snippet.Deploy(arrays).Findings, f => f.Rule == "reader-limit");
        string loops = "output o array = map(range(0, 10000), a => map(range(0, 10000), b => map(range(0, 10000), c => c)))\n";
        Assert.Contains(Snippet.Deploy(loops).Findings, f => f.Rule == "reader-limit");
    }

    [Fact]
    public void ParametersFile_Variables_AreSubstitutedAsAzdDoes()
    {
        var file = ParametersFile.Parse("p.json", """{ "$schema": "x", "contentVersion": "1.0.0.0", "parameters": { "a": { "value": "${A}-${B=two}-${C}" }, "l": { "value": [{ "x": "${A}" }, 3] } } }""", new Dictionary<string, string> { ["A"] = "one" });
        Assert.Empty(file.Findings);
        Assert.Equal("\"one-two-\"", file.Values["a"]!.ToString());
        Assert.Equal("[{\"x\":\"one\"},3]", file.Values["l"]!.ToString());
        Assert.Equal(["A", "B", "C"], file.Variables);
    }
}

using Dapr.Voice.Infra;
using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Infra.Checks;
using Dapr.Voice.Infra.Documents;
using Xunit;

namespace Dapr.Voice.Tests.Infra.Bicep;

/// <summary>The questions to the compiler, and that its answers are read correctly.</summary>
public sealed class BicepCompilerTests
{
    private static BicepWorkspace With(string template)
        => new(SourceTree.Of(new Dictionary<string, string> { ["infra/bicep/main.bicep"] = template }), Compiler.Shared);

    [Fact]
    public void Version_OfTheCompilerFound_IsTheOneThatTheRepositoryNames()
        => Assert.Equal(BicepLocation.Version, Compiler.Shared.Version());

    [Fact]
    public void Compile_TemplateWithAnError_SaysWhereItIs()
    {
        List<Finding> findings = [];
        using BicepWorkspace workspace = With("param name string\n\noutput again string = nam\n");
        Assert.Null(workspace.Compile("infra/bicep/main.bicep", findings));
        Assert.Contains(findings, f =>
            f is { Rule: "BCP082" or "BCP057", Severity: Severity.Error, File: "infra/bicep/main.bicep", Line: 3, Column: 23 });
    }

    [Fact]
    public void Compile_TemplateWithALinterWarning_HasItToo()
    {
        List<Finding> findings = [];
        using BicepWorkspace workspace = With("param unused string\n");
        CompiledTemplate? template = workspace.Compile("infra/bicep/main.bicep", findings);
        Assert.Equal(["no-unused-params"], findings.Select(f => f.Rule));
        Assert.Equal([("unused", false)], template!.Parameters.Select(p => (p.Name, p.IsOptional)));
    }

    [Fact]
    public void Snapshot_ParametersThatDoNotFit_AreFindings()
    {
        List<Finding> findings = [];
        using BicepWorkspace workspace = With("param count int\noutput twice int = 2 * count\n");
        Assert.Null(
            workspace.Snapshot("infra/bicep/main.bicep", "using '../main.bicep'\nparam count = 'three'\n",
            AzurePlace.Example with { ResourceGroup = "rg" }, findings));
        Assert.Contains(findings, f => f is { Rule: "BCP033", Line: 2 });
    }

    [Fact]
    public void Snapshot_ValuesThatOnlyTheDeploymentKnows_KeepTheirPartsAndReferences()
    {
        const string template = """
            resource id 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
              name: 'id'
              location: 'westeurope'
            }
            output text string = 'it''s {${id.properties.clientId}} of ${id.name}'
            output coded string = base64('a=${id.properties.principalId}')
            output known string = uniqueString(subscription().id)
            """;
        using BicepWorkspace workspace = With(template.Replace("it''s", "it\\'s", StringComparison.Ordinal));
        string snapshot = workspace.Snapshot(
            "infra/bicep/main.bicep", "using '../main.bicep'\n", AzurePlace.Example with { ResourceGroup = "rg" }, [])!;
        var deployment = Deployment.Parse(snapshot);
        string identity = deployment.Resources.Single().Id;
        BicepValue Output(string name) => deployment.Outputs.Single(o => o.Name == name).Value;
        BicepRuntime text = Assert.IsType<BicepRuntime>(Output("text"));
        Assert.Equal([new RuntimeReference(identity, "properties.clientId")], text.References);
        Assert.Equal("it's {…} of id", string.Concat(text.Parts.Select(p => p is BicepString known ? known.Value : "…")));
        BicepRuntime inner = Assert.IsType<BicepRuntime>(Assert.Single(Assert.IsType<BicepRuntime>(Output("coded")).Parts));
        Assert.Equal("a=", Assert.IsType<BicepString>(inner.Parts[0]).Value);
        Assert.Matches("^[a-z0-9]{13}$", Assert.IsType<BicepString>(Output("known")).Value);
    }
}

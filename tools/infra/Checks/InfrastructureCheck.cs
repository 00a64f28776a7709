using System.Text.Json.Nodes;
using Dapr.Voice.Infra.Azd;
using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Infra.Dapr;
using Dapr.Voice.Infra.Documents;
using Dapr.Voice.Infra.Manifests;

namespace Dapr.Voice.Infra.Checks;

/// <summary>
/// Everything that can be checked about a deployment without a cloud: the messages of the Bicep compiler and its linter, the snapshots of
/// every shape and our rules over them, azure.yaml, Dapr's files and the images. It also checks that all of them agree. It never throws
/// because of a file's content.
/// </summary>
public static class InfrastructureCheck
{
    /// <summary>
    /// Returns the findings of the whole repository, in the order of file and place. A missing part is a finding. Without a compiler, the
    /// committed snapshots are checked.
    /// </summary>
    public static IReadOnlyList<Finding> OfProduct(SourceTree tree, BicepCompiler? compiler)
    {
        ArgumentNullException.ThrowIfNull(tree);
        List<Finding> findings = [];
        var files = FilePart.Read(tree, isComplete: true, findings);
        DeclarationRules.Check(tree, findings);
        if (files.Parameters is { } parameters) files.Azd?.CheckPipeline(parameters, findings);
        using BicepWorkspace? workspace = compiler is null ? null : new BicepWorkspace(tree, compiler);
        if (workspace is not null) CheckTemplates(files, workspace, findings);
        foreach (Scenario shape in ProductScenarios.All)
        {
            string? snapshot = ShapeFiles.Check(tree, shape, files.Parameters, workspace, findings);
            if (snapshot is not null && shape.HasRules)
                CheckDeployment(tree, files, shape, Deployment.Parse(snapshot), isComplete: true, findings);
        }
        return InOrder(findings);
    }

    /// <summary>
    /// Returns the findings of a part: only files that exist are checked. Its templates are compiled with the parameters of <see
    /// cref="ProductScenarios.Plain"/> that they declare.
    /// </summary>
    public static IReadOnlyList<Finding> OfPart(SourceTree tree, BicepCompiler compiler)
    {
        ArgumentNullException.ThrowIfNull(tree);
        List<Finding> findings = [];
        var files = FilePart.Read(tree, isComplete: false, findings);
        DeclarationRules.Check(tree, findings);
        if (!tree.Exists(files.MainPath)) return InOrder(findings);
        using var workspace = new BicepWorkspace(tree, compiler);
        CompiledTemplate? template = CheckTemplates(files, workspace, findings);
        if (template is null) return InOrder(findings);
        List<(string Name, JsonNode? Value)> values = files.Parameters?.Values(ProductScenarios.Plain.Environment).Where(
            v => template.Parameters.Any(p => p.Name == v.Name)).ToList() ?? [];
        string text = Bicepparam.Write($"../{Path.GetFileName(files.MainPath)}", values);
        if (workspace.Snapshot(files.MainPath, text, AzurePlace.Example with { ResourceGroup = template.IsOfGroup ? "rg-voice" : null },
            findings) is { } snapshot)
            CheckDeployment(tree, files, ProductScenarios.Plain, Deployment.Parse(snapshot), isComplete: false, findings);
        return InOrder(findings);
    }

    /// <summary>Returns the findings of our rules over one shape of the product.</summary>
    public static IReadOnlyList<Finding> OfSnapshot(SourceTree tree, Scenario shape, string snapshot)
    {
        List<Finding> findings = [];
        CheckDeployment(tree, FilePart.Read(tree, isComplete: true, []), shape, Deployment.Parse(snapshot), isComplete: true, findings);
        return InOrder(findings);
    }

    /// <summary>
    /// Adds every message of the compiler and its linter, and checks that azd's parameters are those of the template. Returns null if there
    /// is no template.
    /// </summary>
    private static CompiledTemplate? CheckTemplates(FilePart files, BicepWorkspace workspace, List<Finding> findings)
    {
        CompiledTemplate? template = workspace.Compile(files.MainPath, findings);
        if (template is not null && files.Parameters is { } parameters)
            AzdRules.CheckParameters(parameters, files.MainPath, template, findings);
        return template;
    }

    private static void CheckDeployment(
        SourceTree tree, FilePart files, Scenario shape, Deployment deployment, bool isComplete, List<Finding> findings)
    {
        var context = new CheckContext(tree, files.MainPath, deployment, shape, files.Settings, isComplete, findings);
        IReadOnlyList<ContainerApp> apps = ContainerAppRules.Apps(context);
        IReadOnlyList<DaprComponent> components = DaprInAzureRules.Components(context);
        AzdRules.Check(context, files.Azd);
        ContainerAppRules.Check(context, files.Images);
        DaprInAzureRules.Check(context, components, apps, files.Dapr.GetValueOrDefault("components/azure") ?? []);
        RoleRules.Check(context, components, apps);
        SecurityRules.Check(context);
        NetworkRules.Check(context);
        FrontDoorRules.Check(context, apps);
        FleetRules.Check(context, apps);
        ShapeRules.Check(context, apps);
    }

    private static IReadOnlyList<Finding> InOrder(IEnumerable<Finding> findings) =>
    [
        .. findings.DistinctBy(f => (f.Rule, f.File, f.Line, f.Column, f.Path, IsWhole: f.Line == 0 && f.Path is null ? f.Message : ""))
            .OrderBy(f => f.File, StringComparer.Ordinal).ThenBy(f => f.Line).ThenBy(f => f.Column)
            .ThenBy(f => f.Path, StringComparer.Ordinal),
    ];

    /// <summary>The results of the files beside the templates.</summary>
    private sealed record FilePart(
        string MainPath, SettingsTable? Settings, IReadOnlyDictionary<string, IReadOnlyList<DaprComponent>> Dapr,
        IReadOnlyDictionary<string, Dockerfile> Images, AzdProject? Azd, AzdParameters? Parameters)
    {
        public static FilePart Read(SourceTree tree, bool isComplete, List<Finding> findings)
        {
            var settings = SettingsTable.Load(tree);
            IReadOnlyDictionary<string, IReadOnlyList<DaprComponent>> files = DaprFiles.Check(tree, isComplete, findings);
            DaprRunFile.Check(tree, settings, isComplete, findings);
            IReadOnlyDictionary<string, Dockerfile> images = Dockerfile.LoadAll(tree, isComplete, findings);
            var azd = AzdProject.Load(tree, findings);
            if (azd is null && isComplete)
                findings.Add(new Finding(RuleIds.AzdSchema, Severity.Error, AzdProject.Path, 0, 0, "There is no azure.yaml."));
            azd?.Check(tree, findings);
            if (isComplete)
            {
                azd?.CheckComplete(findings);
                FileChoices.Check(tree, findings);
            }
            string main = $"{azd?.InfraPath ?? "infra/bicep"}/{azd?.Module ?? "main"}";
            return new FilePart($"{main}.bicep", settings, files, images, azd,
                AzdParameters.Load(tree, $"{main}.parameters.json", findings));
        }
    }
}

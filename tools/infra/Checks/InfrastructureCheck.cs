using System.Runtime.CompilerServices;
using Dapr.Voice.Infra.Arm;
using Dapr.Voice.Infra.Azd;
using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Infra.Dapr;

namespace Dapr.Voice.Infra.Checks;

/// <summary>
/// Everything that can be said about a deployment without a cloud: the templates resolved for each scenario and checked against schemas and rules, azure.yaml, Dapr's
/// files, and that all of them agree. Nothing is thrown for what files say.
/// </summary>
public static class InfrastructureCheck
{
    /// <summary>Findings of the repository as a product: what is missing counts. In order of file and place.</summary>
    public static IReadOnlyList<Finding> OfProduct(SourceTree tree)
    {
        ArgumentNullException.ThrowIfNull(tree);
        return Run(tree, ProductScenarios.All, isComplete: true, stopAtFirst: false);
    }

    /// <summary>Whether the product has any finding: stops at the first, for thousands of runs.</summary>
    public static bool ProductHasFinding(SourceTree tree, out Finding? first)
    {
        ArgumentNullException.ThrowIfNull(tree);
        var findings = Run(tree, ProductScenarios.All, isComplete: true, stopAtFirst: true);
        first = findings.Count > 0 ? findings[0] : null;
        return first is not null;
    }

    /// <summary>Findings of a part: only what is there is checked.</summary>
    public static IReadOnlyList<Finding> OfPart(SourceTree tree)
    {
        ArgumentNullException.ThrowIfNull(tree);
        return Run(tree, [ProductScenarios.Plain], isComplete: false, stopAtFirst: false);
    }

    /// <summary>What the files beside the templates are and give.</summary>
    private sealed record FilePart(
        SettingsTable? Settings, IReadOnlyDictionary<string, IReadOnlyList<DaprComponent>> Dapr, IReadOnlyDictionary<string, Dockerfile> Images, AzdProject? Azd, IReadOnlyList<Finding> Findings);

    // Most runs over changed trees change a template only.
    private static readonly ConditionalWeakTable<object, FilePart> Unchanged = [];

    private static FilePart ReadFiles(SourceTree tree, bool isComplete)
    {
        var findings = new List<Finding>();
        var settings = SettingsTable.Load(tree);
        var files = DaprFiles.Check(tree, isComplete, findings);
        DaprRunFile.Check(tree, settings, isComplete, findings);
        var images = Dockerfile.LoadAll(tree, isComplete, findings);
        var azd = AzdProject.Load(tree, findings);
        if (azd is null && isComplete) findings.Add(new Finding(RuleIds.AzdSchema, Severity.Error, AzdProject.Path, 0, 0, "There is no azure.yaml."));
        azd?.Check(tree, findings);
        if (isComplete)
        {
            azd?.CheckComplete(findings);
            FileChoices.Check(tree, findings);
        }
        return new FilePart(settings, files, images, azd, findings);
    }

    private static IReadOnlyList<Finding> Run(SourceTree tree, IReadOnlyList<Scenario> scenarios, bool isComplete, bool stopAtFirst)
    {
        bool isAsRead = isComplete && tree.Changed.All(p => p.EndsWith(".bicep", StringComparison.Ordinal));
        var (settings, files, images, azd, ofFiles) = isAsRead ? Unchanged.GetValue(tree.Origin, _ => ReadFiles(tree, isComplete)) : ReadFiles(tree, isComplete);
        List<Finding> findings = [.. ofFiles];
        if (stopAtFirst && findings.Count > 0) return findings;

        string folder = azd?.InfraPath ?? "infra/bicep", main = $"{folder}/{azd?.Module ?? "main"}.bicep";
        if (tree.Exists(main))
        {
            var program = BicepProgram.Load(main, tree.Read);
            findings.AddRange(program.Findings.Where(f => f.Severity != Severity.Information));
            var parameters = AzdParameters.Load(tree, $"{folder}/{azd?.Module ?? "main"}.parameters.json", findings);
            DeclarationRules.Check(tree, program, parameters, isComplete, findings);
            if (isComplete && parameters is not null) azd?.CheckPipeline(parameters, findings);
            AzdRules.CheckParameters(parameters, program, findings);
            if (stopAtFirst && findings.Count > 0) return findings;
            foreach (var scenario in scenarios)
            {
                CheckScenario(tree, program, scenario, azd, parameters, files, images, settings, isComplete, findings);
                if (stopAtFirst && findings.Count > 0) return findings;
            }
        }
        return
        [
            .. findings.DistinctBy(f => (f.Rule, f.File, f.Line, f.Column, IsWhole: f.Line == 0 ? f.Message : ""))
                .OrderBy(f => f.File, StringComparer.Ordinal).ThenBy(f => f.Line).ThenBy(f => f.Column),
        ];
    }

    private static void CheckScenario(
        SourceTree tree, BicepProgram program, Scenario scenario, AzdProject? azd, AzdParameters? parameters, IReadOnlyDictionary<string, IReadOnlyList<DaprComponent>> files,
        IReadOnlyDictionary<string, Dockerfile> images, SettingsTable? settings, bool isComplete, List<Finding> findings)
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal);
        if (parameters is not null)
        {
            // One that main.bicep does not have is reported where it stands.
            foreach (var (name, value) in parameters.Values(scenario.Environment).Where(v => program.Parameters.Any(p => p.Name == v.Key))) values[name] = value;
        }
        foreach (var (name, value) in scenario.Overrides) values[name] = value;
        var deployment = Deployment.Resolve(program, values);
        findings.AddRange(deployment.Findings.Where(f => f.Severity != Severity.Information));

        foreach (var resource in deployment.Resources) ArmBodyChecker.Check(resource, findings);
        var context = new CheckContext(tree, program.MainPath, deployment, scenario, settings, isComplete, findings);
        var apps = ContainerAppRules.Apps(context);
        var components = DaprInAzureRules.Components(context);
        AzdRules.Check(context, azd);
        ContainerAppRules.Check(context, images);
        DaprInAzureRules.Check(context, components, apps, files.GetValueOrDefault("components/azure") ?? []);
        RoleRules.Check(context, components, apps);
        SecurityRules.Check(context);
        NetworkRules.Check(context);
        FrontDoorRules.Check(context, apps);
        FleetRules.Check(context, apps);
        InventoryRules.Check(context);
        Choice.Check(context);
        ShapeRules.Check(context, apps);
    }
}

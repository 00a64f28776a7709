using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Infra.Azd;
using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Infra.Manifests;

namespace Dapr.Voice.Infra.Checks;

/// <summary>
/// What azd expects of the templates: the tags by which it finds resources, the outputs that it stores in its environment, and the
/// parameters that it sets.
/// </summary>
internal static class AzdRules
{
    private const string EnvironmentTag = "azd-env-name", ServiceTag = "azd-service-name", GroupTag = "voice-environment",
        GroupType = "Microsoft.Resources/resourceGroups";

    public static void Check(CheckContext context, AzdProject? azd)
    {
        CheckTags(context, azd);
        var outputs = context.Deployment.Outputs.Select(o => o.Name).ToHashSet(StringComparer.Ordinal);
        if (azd is not null)
        {
            foreach ((string name, Finding? place) in azd.Variables())
            {
                if (!outputs.Contains(name) && !AzdManifest.IsOfAzd(name)) context.Add(place);
            }
            if (azd.Services.Count > 0 && !outputs.Contains("AZURE_CONTAINER_REGISTRY_ENDPOINT"))
                context.AddToFile(context.MainPath, RuleIds.AzdOutput,
                    "azd pushes images to the output 'AZURE_CONTAINER_REGISTRY_ENDPOINT'.");
        }
        if (!context.IsComplete) return;
        foreach (string name in AzdManifest.Outputs.Where(o => !outputs.Contains(o)))
            context.AddToFile(context.MainPath, RuleIds.AzdOutput, $"The output '{name}' is missing: hooks and people read it.");
        foreach (string name in HookVariables.ReadBy(context.Tree).Where(v => !outputs.Contains(v) && !AzdManifest.IsOfAzd(v)))
            context.AddToFile(context.MainPath, RuleIds.AzdOutput, $"A hook reads '{name}', which no output sets.");
    }

    private static void CheckTags(CheckContext context, AzdProject? azd)
    {
        string? environment = context.Scenario.Environment.GetValueOrDefault("AZURE_ENV_NAME");
        var tagged = new Dictionary<string, ResolvedResource>(StringComparer.Ordinal);
        foreach (ResolvedResource resource in context.Made)
        {
            // In Azure, everything that has a location can have tags.
            if (resource.Body["location"] is null) continue;
            BicepValue? tags = resource.Body["tags"];
            if (resource.IsType(GroupType)) continue;
            if (azd is not null && tags is not BicepRuntime && tags.At(EnvironmentTag) is not BicepRuntime
                && tags.At(EnvironmentTag).Text() != environment)
                context.Add(tags.At(EnvironmentTag).Or(resource.Where), RuleIds.AzdEnvironmentTag,
                    $"'{resource.ShortName}' needs the tag {EnvironmentTag} with the environment's name: bills name by it what belongs "
                    + "together.");
            if (tags.At(ServiceTag) is not { } tag || tag.Text() is not { } service) continue;
            if (azd is not null && !azd.Services.Contains(service))
                context.Add(tag.Or(resource.Where), RuleIds.AzdServiceTag, $"azure.yaml has no service '{service}'.");
            if (!tagged.TryAdd(service, resource))
                context.Add(tag.Or(resource.Where), RuleIds.AzdServiceTag,
                    $"'{tagged[service].ShortName}' has {ServiceTag} '{service}' already; azd deploys to exactly one.");
        }
        if (azd is null) return;
        CheckGroups(context, environment);
        // Before the images there is no app. In udp-edge, the relay is no app at all, and the pre-deploy hook says so.
        if (context is { IsComplete: true, Scenario.IsPublished: false }) return;
        foreach (string service in azd.Services.Where(s => !tagged.ContainsKey(s) && !IsLeftOut(context, azd, s)))
        {
            context.Add(
                azd.At(RuleIds.AzdServiceTag, $"No resource has the tag {ServiceTag} '{service}': azd would not know where to deploy it.",
                service));
        }
    }

    private static bool IsLeftOut(CheckContext context, AzdProject azd, string service)
        => (service == AppIds.Relay && context.Scenario.HasUdpEdge)
        || (azd.ConditionOf(service) is { } variable
        && context.Deployment.Outputs.FirstOrDefault(o => o.Name == variable)?.Value.Flag() == false);

    // azd takes the one group with its tag for the deployment. 'show' and 'monitor' find nothing if there are two.
    private static void CheckGroups(CheckContext context, string? environment)
    {
        ResolvedResource[] groups = [.. context.Of(GroupType)];
        if (groups.Length == 0) return;
        ResolvedResource[] known = [.. groups.Where(g => g.Body["tags"].At(EnvironmentTag).Text() == environment)];
        string? named = context.Deployment.Outputs.FirstOrDefault(o => o.Name == "AZURE_RESOURCE_GROUP")?.Value.Text();
        if (known.Length != 1 || (named is not null && known[0].Name != named))
            context.Add(groups[0].Where, RuleIds.AzdEnvironmentTag,
                $"Exactly one group, the home region's, has the tag {EnvironmentTag}. Here {known.Length} have it.");
        if (!context.IsComplete) return;
        foreach (ResolvedResource group in groups.Where(g => g.Body["tags"].At(GroupTag).Text() != environment))
            context.Add(group.Where, RuleIds.AzdEnvironmentTag,
                $"'{group.ShortName}' needs the tag {GroupTag} with the environment's name: the hooks find by it what is left after "
                + "'azd down'.");
    }

    /// <summary>
    /// main.parameters.json and main.bicep declare the same parameters. A deployment of main.bicep without azd gets the values that azd
    /// would give.
    /// </summary>
    public static void CheckParameters(AzdParameters file, string mainPath, CompiledTemplate template, ICollection<Finding> findings)
    {
        foreach ((YamlDotNet.RepresentationModel.YamlScalarNode? key, string? name,
            YamlDotNet.RepresentationModel.YamlNode _) in file.Entries.Where(
            e => template.Parameters.All(d => d.Name != e.Name))) findings.Add(
            file.File.At(key, RuleIds.AzdParameter, $"'{mainPath}' has no parameter '{name}'."));
        foreach (TemplateParameter parameter in template.Parameters)
        {
            if (file.Entries.All(e => e.Name != parameter.Name))
            {
                string then = parameter.IsOptional ? "" : "; azd would ask for it";
                findings.Add(new Finding(RuleIds.AzdParameter, Severity.Error, mainPath, parameter.Line, 1,
                    $"'{parameter.Name}' is not in main.parameters.json, where people look for what they can set{then}."));
            }
            else if (parameter.Default is { ValueKind: not (JsonValueKind.Array or JsonValueKind.Object) } here
            && file.Default(parameter.Name)?.ToString() is { } there
                && !here.ToString().StartsWith('[') && !string.Equals(here.ToString(), there, StringComparison.OrdinalIgnoreCase))
            {
                findings.Add(new Finding(RuleIds.DefaultDiffers, Severity.Error, mainPath, parameter.Line, 1,
                    $"The default of '{parameter.Name}' is '{there}' in main.parameters.json, here it is '{here}'."));
            }
        }
    }
}

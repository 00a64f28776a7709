using System.Globalization;
using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Infra.Manifests;

namespace Dapr.Voice.Infra.Checks;

/// <summary>
/// What has to follow from a shape's parameters: which apps are reached from outside, which shards sleep, and where resources are. Values
/// that we merely chose are in the snapshots.
/// </summary>
internal static class ShapeRules
{
    public static void Check(CheckContext context, IReadOnlyList<ContainerApp> apps)
    {
        if (!context.IsComplete) return;
        foreach (ContainerApp? app in apps.Where(a => a.IsShard))
        {
            CheckDoor(context, app);
            CheckStandby(context, app);
        }
        CheckGroups(context);
    }

    private static void CheckDoor(CheckContext context, ContainerApp app)
    {
        if (app.Ports.Count > 0 && app.Ports.Any(p => p.IsExternal != context.Scenario.HasUdpEdge))
            context.Add(app.Ports[0].Where, RuleIds.AcaShard, "A shard is reached from outside where the relays are virtual machines, and "
                + "nowhere else.");
        foreach (BicepObject fence in (app.Ingress?["ipSecurityRestrictions"]).Objects())
        {
            string end = (fence["ipAddressRange"] as BicepRuntime)?.Parts.LastOrDefault().Text() ?? fence["ipAddressRange"].Text() ?? "";
            if (!end.EndsWith("/32", StringComparison.Ordinal))
                context.Add(fence["ipAddressRange"].Or(fence.Where), RuleIds.AcaShard, "One address, the relays', may open a link.");
        }
    }

    private static void CheckStandby(CheckContext context, ContainerApp app)
    {
        int shard = AppNames.ShardOf(app.Name)!.Value;
        bool isStandby = shard >= context.Scenario.Shards - context.Scenario.StandbyShards;
        BicepValue? least = app.Template?.At("scale.minReplicas");
        if (least.Number() != (isStandby ? 0 : 1))
            context.Add(least.Or(app.Where), RuleIds.AcaScale, isStandby ? "A standby shard sleeps." : "A shard runs.");
        if (!isStandby) return;
        BicepValue? rule = app.Template?.At("scale.rules").Objects().FirstOrDefault()?["custom"];
        BicepValue? url = rule.At("metadata.url");
        string start = (url as BicepRuntime)?.Parts.FirstOrDefault().Text() ?? url.Text() ?? "",
            end = (url as BicepRuntime)?.Parts.LastOrDefault().Text() ?? url.Text() ?? "";
        bool isRight = rule.At("type").Text() == "metrics-api" && rule.At("metadata.valueLocation").Text() == "wanted"
            && rule.At("metadata.activationTargetValue").Text() == shard.ToString(CultureInfo.InvariantCulture)
            && start.StartsWith("https://signaling.", StringComparison.Ordinal) && end.EndsWith("/scale/shards", StringComparison.Ordinal);
        if (!isRight) context.Add(rule.Or(app.Where), RuleIds.AcaScale, "A standby shard wakes when signaling's /scale/shards wants more "
            + "shards than come before it.");
        bool hasToken = rule.At("metadata.authMode").Text() == "bearer"
            && rule.At("auth").Objects()
                .Any(auth => auth["triggerParameter"].Text() == "token" && auth["secretRef"].Text() == "scale-token");
        if (!hasToken) context.Add(rule.At("auth").Or(rule.Or(app.Where)), RuleIds.AcaScale,
            "/scale/shards wants a token: authMode 'bearer' and the secret scale-token.");
    }

    /// <summary>Each region has its own resource group. All resources of the region are in it and in the region's location.</summary>
    private static void CheckGroups(CheckContext context)
    {
        string environment = context.Scenario.Environment["AZURE_ENV_NAME"];
        foreach (ResolvedResource group in context.Of("Microsoft.Resources/resourceGroups"))
        {
            string? location = group.Body["location"].Text();
            if (group.Name != $"rg-{environment}" && group.Name != $"rg-{environment}-{location}")
                context.Add(group.Where, RuleIds.Choice,
                    $"The group of a region is 'rg-{environment}-LOCATION', not '{group.Name}' in {location}.");
        }
        foreach (ResolvedResource resource in context.Made)
        {
            int at = resource.Scope.IndexOf($"/resourceGroups/rg-{environment}-", StringComparison.Ordinal);
            if (at < 0 || resource.Body["location"].Text() is not { } location) continue;
            string region = resource.Scope[(at + $"/resourceGroups/rg-{environment}-".Length)..];
            if (location != region && location != "global")
                context.Add(resource.Body["location"]!.Where, RuleIds.Choice,
                    $"'{resource.ShortName}' lies in {location}, its group in {region}.");
        }
    }
}

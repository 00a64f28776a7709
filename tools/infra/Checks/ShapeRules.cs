using System.Globalization;
using Dapr.Voice.Infra.Bicep;

namespace Dapr.Voice.Infra.Checks;

/// <summary>Values that follow from the parameters of a scenario: sizes, zones, addresses, settings. As <see cref="Choices"/>, for what is not the same in every shape of deployment.</summary>
internal static class ShapeRules
{
    private sealed record Size(decimal Cpu, string Memory, int Workers, int Capacity);

    private static readonly IReadOnlyDictionary<string, Size> ShardSizes = new Dictionary<string, Size>(StringComparer.Ordinal)
    {
        ["small"] = new(0.5m, "1Gi", 1, 25), ["medium"] = new(1, "2Gi", 1, 55), ["large"] = new(4, "8Gi", 4, 240),
    };

    private static readonly IReadOnlyDictionary<string, Size> RelaySizes = new Dictionary<string, Size>(StringComparer.Ordinal)
    {
        ["small"] = new(0.25m, "0.5Gi", 1, 0), ["medium"] = new(1, "2Gi", 1, 0), ["large"] = new(2, "4Gi", 2, 0),
    };

    public static void Check(CheckContext context, IReadOnlyList<ContainerApp> apps)
    {
        if (!context.IsComplete) return;
        foreach (var app in apps.Where(a => !a.IsPlaceholder)) CheckApp(context, app);
        CheckZones(context);
        CheckNetworks(context);
        CheckGroups(context);
    }

    private static string Override(CheckContext context, string name, string fallback) => context.Scenario.Overrides.TryGetValue(name, out object? value) ? Convert.ToString(value, CultureInfo.InvariantCulture)! : fallback;

    private static bool HasZones(CheckContext context) => context.Scenario.IsZoneRedundant;

    private static void CheckApp(CheckContext context, ContainerApp app)
    {
        void Is(string setting, string? wanted)
        {
            var there = app.Find(setting);
            if (wanted is null ? there is not null : there?.Value is not BicepRuntime && there?.Value.Text() != wanted)
                context.Add(there?.Where ?? (app.Container?["env"]).Or(app.Where), RuleIds.Choice, $"{context.Scenario.Name}: '{setting}' of '{app.Name}' is '{wanted ?? "not set"}'.");
        }
        void Value(BicepValue? value, string path, string wanted)
        {
            if (value is BicepRuntime) return;
            if ((value is BicepString s ? s.Value : value?.ToString()) != wanted) context.Add(value.Or(app.Where), RuleIds.Choice, $"{context.Scenario.Name}: '{path}' of '{app.Name}' is '{wanted}'.");
        }
        string service = app.Service ?? "";
        Value(app.Container?["name"], "the container's name", service);
        var size = service switch { "transceiver" => ShardSizes[Override(context, "shardSize", "small")], "relay" => RelaySizes[Override(context, "relaySize", "small")], "local-agent" => ShardSizes["small"], _ => RelaySizes["small"] };
        Value(app.Container?.At("resources.cpu"), "cpu", size.Cpu.ToString(CultureInfo.InvariantCulture));
        Value(app.Container?.At("resources.memory"), "memory", size.Memory);
        bool isPrivateAgent = context.Scenario.Overrides.ContainsKey("agentUrl");
        string agent = isPrivateAgent ? "assistant" : "local";
        if (service is "signaling" or "relay" or "transceiver")
        {
            Is("Fleet__SlotCount", "64");
            Is("Fleet__MaximumShards", "8");
            Is("VOICE_LOG_JSON", "1");
            Is("Fleet__Region", app.Resource.Body["location"].Text());
            Is("Fleet__RegionNumber", NumberOf(app.Resource.Body["location"].Text()).ToString(CultureInfo.InvariantCulture));
            Is("OTEL_EXPORTER_OTLP_ENDPOINT", context.Scenario.Overrides.GetValueOrDefault("otlpEndpoint") as string);
        }
        bool isBehindFrontDoor = context.Scenario.Regions > 1;
        switch (service)
        {
            case "signaling":
                Is("ASPNETCORE_HTTP_PORTS", "8080");
                Is("Signaling__DefaultAgent", agent);
                Is("Signaling__DemoPage", isPrivateAgent ? "false" : "true");
                Is("Signaling__TrustedProxies", isBehindFrontDoor ? "2" : "1");
                Is("Signaling__AllowedOrigins__0", (context.Scenario.Overrides.GetValueOrDefault("allowedOrigins") as object?[])?[0] as string);
                Value(app.Template?.At("scale.minReplicas"), "minReplicas", "1");
                break;
            case "relay":
                Is("ASPNETCORE_HTTP_PORTS", "8070");
                Is("Relay__PublicEndpoint", "");
                Is("Relay__PublicTcpEndpoint", "0.0.0.0:3478");
                Is("Relay__TcpClientsAreHidden", "true");
                Is("Relay__Workers", size.Workers.ToString(CultureInfo.InvariantCulture));
                Value(app.Template?.At("scale.minReplicas"), "minReplicas", Override(context, "relays", "1"));
                break;
            case "transceiver":
                Is("ASPNETCORE_HTTP_PORTS", "8100");
                Is("Transceiver__Workers", size.Workers.ToString(CultureInfo.InvariantCulture));
                Is("Transceiver__Capacity", size.Capacity.ToString(CultureInfo.InvariantCulture));
                Is("Transceiver__LinkEndpoint", "tcp://0.0.0.0:20000");
                Is("Transceiver__DefaultAgent", agent);
                Is($"Transceiver__Agents__{agent}", isPrivateAgent ? Override(context, "agentUrl", "") : "ws://local-agent:8090/v1/realtime?model=local");
                if (isPrivateAgent && app.Find("Transceiver__AgentApiKey")?.SecretRef != "agent-key") context.Add((app.Container?["env"]).Or(app.Where), RuleIds.MissingSetting, "'Transceiver__AgentApiKey' comes from the secret 'agent-key'.");
                Value(app.Resource.Body.At("properties.workloadProfileName"), "workloadProfileName", context.Scenario.Overrides.ContainsKey("dedicatedProfileType") ? "media" : "Consumption");
                if (app.Ports.Count > 0 && app.Ports.Any(p => p.IsExternal != context.Scenario.HasUdpEdge)) context.Add(app.Ports[0].Where, RuleIds.AcaShard, "A shard is reached from outside where the relays are virtual machines, and nowhere else.");
                CheckStandby(context, app);
                foreach (var fence in (app.Ingress?["ipSecurityRestrictions"]).Objects())
                {
                    string end = (fence["ipAddressRange"] as BicepRuntime)?.Parts.LastOrDefault().Text() ?? fence["ipAddressRange"].Text() ?? "";
                    if (end != "/32" || fence["name"].Text() != "relays") context.Add((fence["ipAddressRange"]).Or(fence.Where), RuleIds.AcaShard, "One address, the relays', may open a link.");
                }
                break;
            case "local-agent":
                Is("ASPNETCORE_URLS", "http://+:8090");
                Is("LocalAgent__Decoders", "2");
                Is("LocalAgent__MaximumSessions", "16");
                break;
        }
    }

    private static void CheckStandby(CheckContext context, ContainerApp app)
    {
        int shard = AppNames.ShardOf(app.Name)!.Value;
        bool isStandby = context.Scenario.Shards > 2 && shard >= 2;
        long least = app.Template?.At("scale.minReplicas").Number() ?? -1;
        if (least != (isStandby ? 0 : 1)) context.Add((app.Template?.At("scale.minReplicas")).Or(app.Where), RuleIds.AcaScale, isStandby ? "A standby shard sleeps." : "A shard runs.");
        if (!isStandby) return;
        var rule = app.Template?.At("scale.rules").Objects().FirstOrDefault()?["custom"];
        var url = rule.At("metadata.url");
        string start = (url as BicepRuntime)?.Parts.FirstOrDefault().Text() ?? url.Text() ?? "", end = (url as BicepRuntime)?.Parts.LastOrDefault().Text() ?? url.Text() ?? "";
        bool isRight = rule.At("type").Text() == "metrics-api" && rule.At("metadata.valueLocation").Text() == "wanted" && rule.At("metadata.activationTargetValue").Text() == shard.ToString(CultureInfo.InvariantCulture)
            && rule.At("metadata.targetValue").Text() == "1000" && start.StartsWith("https://signaling.", StringComparison.Ordinal) && end.EndsWith("/scale/shards", StringComparison.Ordinal);
        if (!isRight) context.Add(rule.Or(app.Where), RuleIds.AcaScale, "A standby shard wakes when signaling's /scale/shards wants more shards than come before it, and never has two replicas.");
    }

    private static int NumberOf(string? location) => location switch { "westeurope" => 1, "northeurope" => 2, "swedencentral" => 3, _ => 0 };

    private static void CheckZones(CheckContext context)
    {
        bool has = HasZones(context), isMulti = context.Scenario.Regions > 1;
        foreach (var account in context.Of("Microsoft.Storage/storageAccounts")) Is(account, "sku.name", has ? "Standard_ZRS" : "Standard_LRS");
        foreach (var environment in context.Of("Microsoft.App/managedEnvironments").Where(e => !e.IsExisting))
        {
            Is(environment, "properties.zoneRedundant", has ? "true" : "false");
            if (!context.Scenario.Overrides.TryGetValue("dedicatedProfileType", out object? profile)) continue;
            var media = environment.Body.At("properties.workloadProfiles").Objects().FirstOrDefault(p => p["name"].Text() == "media");
            bool isRight = media is not null && media["workloadProfileType"].Text() == (string?)profile && media["minimumCount"].Number() == (has ? 2 : 1) && media["maximumCount"].Number() == 10;
            if (!isRight) context.Add((media ?? environment.Body.At("properties.workloadProfiles")).Or(environment.Where), RuleIds.Choice, $"The profile 'media' is of type '{profile}', {(has ? 2 : 1)} to 10 machines.");
        }
        foreach (var registry in context.Of("Microsoft.ContainerRegistry/registries"))
        {
            Is(registry, "sku.name", isMulti ? "Premium" : "Basic");
            Is(registry, "properties.zoneRedundancy", isMulti && has ? "Enabled" : "Disabled");
        }
        foreach (var replica in context.Of("Microsoft.ContainerRegistry/registries/replications")) Is(replica, "properties.zoneRedundancy", has ? "Enabled" : "Disabled");
        foreach (var machines in context.Of("Microsoft.Compute/virtualMachineScaleSets").Concat(context.Of("Microsoft.Network/publicIPAddresses").Where(a => a.Name == "pip-voice-edge")))
        {
            var zones = machines.Body["zones"];
            bool isRight = has ? zones is BicepArray { Items.Count: 3 } three && three.Items.Select(z => z.Text()).SequenceEqual(["1", "2", "3"]) : zones is null or BicepNull or BicepArray { Items.Count: 0 };
            if (!isRight) context.Add(zones.Or(machines.Where), RuleIds.Choice, has ? "In all three zones." : "In no zone: not every location has them.");
        }

        void Is(ResolvedResource resource, string path, string wanted)
        {
            var value = resource.Body.At(path);
            if ((value is BicepString s ? s.Value : value?.ToString()) != wanted) context.Add(value.Or(resource.Where), RuleIds.Choice, $"{context.Scenario.Name}: '{path}' of '{resource.Symbol}' is '{wanted}'.");
        }
    }

    private static void CheckNetworks(CheckContext context)
    {
        foreach (var network in context.Of("Microsoft.Network/virtualNetworks"))
        {
            int number = NumberOf(network.Body["location"].Text());
            Range(network, network.Body.At("properties.addressSpace.addressPrefixes").Items().FirstOrDefault(), $"10.{number}.0.0/16");
            foreach (var subnet in network.Body.At("properties.subnets").Objects()) Range(network, subnet.At("properties.addressPrefix"), subnet["name"].Text() == "apps" ? $"10.{number}.0.0/23" : $"10.{number}.2.0/24");
            int subnets = network.Body.At("properties.subnets").Items().Count();
            if (subnets != (context.Scenario.HasUdpEdge ? 2 : 1)) context.Add(network.Where, RuleIds.Choice, $"{context.Scenario.Name}: {subnets} subnets.");
            foreach (var edge in network.Body.At("properties.subnets").Objects().Where(s => s["name"].Text() == "edge" && s.At("properties.defaultOutboundAccess").Flag() != false)) context.Add(edge.Where, RuleIds.Choice, "Azure's implicit way out is going away: defaultOutboundAccess is false.");
            foreach (var group in context.Of("Microsoft.Network/networkSecurityGroups").Where(g => g.Scope == network.Scope))
            {
                foreach (var rule in group.Body.At("properties.securityRules").Objects().Where(r => r.At("properties.access").Text() == "Allow")) Range(group, rule.At("properties.destinationAddressPrefix"), $"10.{number}.2.0/24");
            }
        }
        void Range(ResolvedResource owner, BicepValue? value, string wanted)
        {
            if (value.Text() != wanted) context.Add(value.Or(owner.Where), RuleIds.Choice, $"The range is {wanted} (10.NUMBER.0.0/16 for a region).");
        }
    }

    /// <summary>Each region has a group of its own, and everything of it lies there and in its location.</summary>
    private static void CheckGroups(CheckContext context)
    {
        string environment = context.Scenario.Environment["AZURE_ENV_NAME"];
        var names = context.Of("Microsoft.Resources/resourceGroups").ToDictionary(g => g.Name ?? "", g => g.Body["location"].Text(), StringComparer.Ordinal);
        if (!names.ContainsKey("rg-" + environment)) context.AddToFile(context.MainPath, RuleIds.Choice, $"What regions share is in 'rg-{environment}'.");
        foreach (var (name, location) in names.Where(n => n.Key != "rg-" + environment && n.Key != $"rg-{environment}-{n.Value}")) context.AddToFile(context.MainPath, RuleIds.Choice, $"The group of a region is 'rg-{environment}-LOCATION', not '{name}' in {location}.");
        foreach (var resource in context.Made.Where(r => r.Scope.StartsWith($"rg:rg-{environment}-", StringComparison.Ordinal)))
        {
            string region = resource.Scope[$"rg:rg-{environment}-".Length..];
            if (resource.Body["location"] is BicepString { Value: var location } && location != region) context.Add(resource.Body["location"]!.Where, RuleIds.Choice, $"'{resource.Symbol}' lies in {location}, its group in {region}.");
        }
    }
}

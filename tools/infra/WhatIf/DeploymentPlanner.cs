using System.Globalization;
using System.Text.Json.Nodes;
using Dapr.Voice.Infra.Azd;
using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Infra.Capacity;
using Dapr.Voice.Infra.Checks;
using Dapr.Voice.Infra.Documents;
using Dapr.Voice.Infra.Pricing;

namespace Dapr.Voice.Infra.WhatIf;

/// <summary>
/// Resolves main.bicep with main.parameters.json as <c>azd</c> would, and sums up the result. It shows the second of azd's two provisions:
/// it assumes that the images are published, because nothing would run otherwise.
/// </summary>
public static class DeploymentPlanner
{
    private const string Main = "infra/bicep/main.bicep", Parameters = "infra/bicep/main.parameters.json";

    /// <summary>Stand-ins for the values that azd and its hooks supply. None of them is a secret, and none is deployed.</summary>
    private static readonly (string Variable, string Value)[] StandIns =
    [
        ("AZURE_ENV_NAME", "voice"),
        ("AZURE_PRINCIPAL_ID", "00000000-0000-0000-0000-000000000000"),
        ("VOICE_EDGE_SSH_PUBLIC_KEY", "ssh-ed25519 AAAA"),
        ("SERVICE_SIGNALING_IMAGE_NAME", "registry.invalid/signaling:what-if"),
        ("SERVICE_RELAY_IMAGE_NAME", "registry.invalid/relay:what-if"),
        ("SERVICE_TRANSCEIVER_IMAGE_NAME", "registry.invalid/transceiver:what-if"),
        ("SERVICE_LOCAL_AGENT_IMAGE_NAME", "registry.invalid/local-agent:what-if"),
    ];

    /// <summary>The shards of a region if nobody gives a number. Two are enough to show a takeover.</summary>
    private const int UsualShards = 2;

    /// <summary>The registry keys and slots if signaling's settings do not name them: the defaults of FleetOptions.</summary>
    private const int UsualMaximumShards = 16, UsualSlotCount = 64;

    private const double SessionHoursShown = 1000;

    /// <param name="root">The repository, or another folder with infra/ and components/.</param>
    /// <param name="environment">The variables of the azd environment. Missing ones get stand-ins. With AZURE_SUBSCRIPTION_ID, names with a
    /// hash are those that Azure will make.</param>
    /// <exception cref="FileNotFoundException">There is no main.bicep or no main.parameters.json.</exception>
    /// <exception cref="ArgumentException">The request asks for a region, a number or an edge that is not possible.</exception>
    public static WhatIfReport Plan(
        string root, WhatIfRequest request, IReadOnlyDictionary<string, string> environment, BicepCompiler compiler)
    {
        foreach (string needed in new[] { Path.Combine(root, Main), Path.Combine(root, Parameters) })
        {
            if (!File.Exists(needed)) throw new FileNotFoundException($"{needed} is not there", needed);
        }
        Check(request);
        var variables = new Dictionary<string, string>(environment, StringComparer.Ordinal);
        foreach ((string variable, string? value) in StandIns)
        {
            if (string.IsNullOrEmpty(variables.GetValueOrDefault(variable))) variables[variable] = value;
        }
        if (request.Regions is { Count: > 0 } named) variables["AZURE_LOCATION"] = named[0];
        else if (string.IsNullOrEmpty(variables.GetValueOrDefault("AZURE_LOCATION")))
        variables["AZURE_LOCATION"] = WhatIfRequest.DefaultRegion;

        List<Finding> findings = [];
        var tree = SourceTree.FromDisk(root);
        var values = new OrderedDictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach ((string name, JsonNode? value) in AzdParameters.Load(tree, Parameters, findings)?.Values(variables) ?? []) values[name] =
            value;
        // The template's own default, with the region that azd asks for.
        if (Regions(values).Count == 0) values["regions"] = new JsonArray(NewRegion(variables["AZURE_LOCATION"], 1));
        var said = new List<string>();
        Override(values, said, request);
        // The hook after the first provision has put keys into the vault of each region.
        values["keyedRegions"] = string.Join(',', Regions(values).Select(r => (string?)r["location"]));

        string subscription = variables.GetValueOrDefault("AZURE_SUBSCRIPTION_ID") is { Length: > 0 } own ? own
            : AzurePlace.Example.SubscriptionId;
        string tenant = variables.GetValueOrDefault("AZURE_TENANT_ID") is { Length: > 0 } ofOwn ? ofOwn : AzurePlace.Example.TenantId;
        using var workspace = new BicepWorkspace(tree, compiler);
        workspace.Compile(Main, findings);
        string? snapshot = workspace.Snapshot(Main, Bicepparam.Write("../main.bicep", values.Select(v => (v.Key, v.Value))),
            new AzurePlace(tenant, subscription, variables["AZURE_LOCATION"]), findings);
        Edge edge = EdgeNames.TryParse((string?)values["edge"], out Edge chosen) ? chosen : Edge.AcaTcp;
        Deployment deployment = snapshot is null ? new Deployment { Resources = [], Outputs = [] } : Deployment.Parse(snapshot);
        return Summarise(deployment, findings, edge, said);
    }

    /// <summary>Returns the committed shape that is nearest to the request, unchanged. It needs no compiler.</summary>
    /// <exception cref="FileNotFoundException">The committed snapshot does not exist.</exception>
    public static WhatIfReport PlanOfCommitted(string root, WhatIfRequest request, out string shape)
    {
        Check(request);
        Edge edge = request.Edge ?? Edge.AcaTcp;
        Scenario nearest = ProductScenarios.All.Where(s => s is { IsPublished: true, HasRules: true }
            && s.HasUdpEdge == (edge == Edge.UdpEdge)).MinBy(s => Math.Abs(s.Regions - (request.Regions?.Count ?? 1)))!;
        shape = nearest.Name;
        string file = Path.Combine(root, ShapeFiles.SnapshotOf(nearest));
        if (!File.Exists(file)) throw new FileNotFoundException($"{file} is not there", file);
        return Summarise(Deployment.Parse(File.ReadAllText(file)), [], edge, []);
    }

    /// <summary>
    /// Sums up a resolved deployment. It is separate from <see cref="Plan"/> for tests and for callers that have a deployment.
    /// </summary>
    public static WhatIfReport Summarise(
        Deployment deployment, IReadOnlyList<Finding> findings, Edge edge, IReadOnlyList<string> parameters)
    {
        var made = deployment.Resources.ToList();
        var groupLocations = made.Where(r => ResourceReader.IsType(r, "Microsoft.Resources/resourceGroups") && r.Name is not null)
            .GroupBy(r => r.Name!, StringComparer.OrdinalIgnoreCase)
            .ToDictionary(g => g.Key, g => g.First().Body.Text("location") ?? "", StringComparer.OrdinalIgnoreCase);
        // Apps run in regions, and everything in such a group belongs to its region. A group without apps is shared, wherever it is.
        var regional = made.Where(r => ResourceReader.IsType(r, "Microsoft.App/managedEnvironments")).Select(r => GroupOf(r.Scope))
            .OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        var places = new List<PlannedPlace>();
        foreach (string group in regional)
            places.Add(
                Place(groupLocations.GetValueOrDefault(group) is { Length: > 0 } location ? location : group,
                [.. made.Where(r => IsIn(r, group))]));
        var rest = made.Where(r => !regional.Any(group => IsIn(r, group))).ToList();
        if (rest.Count > 0) places.Add(Place(PlannedPlace.Shared, rest));

        var usage = new CapacityModel(new UnitCosts(), new CapacityAssumptions());
        return new WhatIfReport(places, edge, usage.UsageDollarsPerSessionHour(edge) * SessionHoursShown, parameters, findings);
    }

    private static void Check(WhatIfRequest request)
    {
        if (request.Regions is { } regions)
        {
            if (regions.Count is < 1 or > WhatIfRequest.MostRegions)
                throw new ArgumentException($"1 to {WhatIfRequest.MostRegions} regions", nameof(request));
            if (regions.Distinct(StringComparer.Ordinal).Count() != regions.Count)
                throw new ArgumentException("a region is named twice", nameof(request));
            if (regions.FirstOrDefault(r => !AzureRegions.IsKnown(r)) is { } unknown)
                throw new ArgumentException($"'{unknown}' is no Azure region that we know", nameof(request));
        }
        if (request.Shards is < 1 or > WhatIfRequest.MostShards)
            throw new ArgumentException($"1 to {WhatIfRequest.MostShards} shards", nameof(request));
    }

    private static void Override(OrderedDictionary<string, JsonNode?> values, List<string> said, WhatIfRequest request)
    {
        if (request.Edge is { } edge)
        {
            values["edge"] = EdgeNames.Of(edge);
            said.Add($"azd env set VOICE_EDGE {EdgeNames.Of(edge)}");
        }
        if (request.Regions is null && request.Shards is null) return;

        IReadOnlyList<JsonObject> before = Regions(values);
        IReadOnlyList<string> locations = request.Regions ?? [.. before.Select(r => (string?)r["location"] ?? WhatIfRequest.DefaultRegion)];
        // Numbers are never changed and never given twice. A region keeps its number, and new regions get the next ones.
        int next = 1 + before.Select(r => NumberOf(r)).DefaultIfEmpty(0).Max();
        var regions = new List<JsonObject>();
        foreach (string location in locations)
        {
            JsonObject? known = before.FirstOrDefault(
                r => string.Equals((string?)r["location"], location, StringComparison.OrdinalIgnoreCase));
            JsonObject region = (JsonObject?)known?.DeepClone()
                ?? NewRegion(location, next++);
            if (request.Shards is { } shards) region["shards"] = shards;
            regions.Add(region);
        }
        values["regions"] = new JsonArray([.. regions]);
        said.Add($"azd env set VOICE_REGIONS_JSON '{values["regions"]!.ToJsonString()}'");
        if (request.Shards is { } wanted)
        {
            // Services look only for shards below this number. A few more numbers leave room for an upgrade with new shards.
            int maximum = Math.Min(100, wanted + Math.Max(2, wanted / 3));
            values["maximumShards"] = Math.Max(8, maximum);
            if (maximum > 8) said.Add($"azd env set VOICE_MAXIMUM_SHARDS {maximum}");
        }
    }

    private static JsonObject NewRegion(string location, int number)
        => new() { ["location"] = location, ["number"] = number, ["shards"] = UsualShards };

    private static int NumberOf(JsonObject region)
        => int.TryParse(region["number"]?.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;

    private static IReadOnlyList<JsonObject> Regions(OrderedDictionary<string, JsonNode?> values)
        => values.GetValueOrDefault("regions") is JsonArray list ? [.. list.OfType<JsonObject>()] : [];

    private static PlannedPlace Place(string name, IReadOnlyList<ResolvedResource> resources)
    {
        int shards = resources.Count(r => IsApp(r, "transceiver-"));
        ResolvedResource? signaling = resources.FirstOrDefault(r => IsApp(r, "signaling"));
        double registry = signaling is null ? 0 : CapacityModel.RegistryOperations(
            shards, Relays(resources), signaling.Body.Number("properties.template.scale.minReplicas") ?? 1,
            Setting(signaling, "Fleet__MaximumShards") ?? UsualMaximumShards, Setting(signaling, "Fleet__SlotCount") ?? UsualSlotCount);
        return new PlannedPlace(
            name,
            [.. resources.Select(ResourceReader.Read).OfType<PlannedResource>()],
            resources.Count,
            shards,
            resources.Count(r => ResourceReader.IsType(r, "Microsoft.ManagedIdentity/userAssignedIdentities")),
            resources.Count(r => ResourceReader.IsType(r, "Microsoft.Authorization/roleAssignments")),
            resources.Count(r => ResourceReader.IsType(r, "Microsoft.App/managedEnvironments/daprComponents")),
            registry * PriceTable.SecondsPerMonth / 1e6 * PriceTable.TableOperations.Dollars);
    }

    /// <summary>Returns the relays on machines if there are any, else those in Container Apps.</summary>
    private static double Relays(IReadOnlyList<ResolvedResource> resources)
        => resources.FirstOrDefault(r => ResourceReader.IsType(r, "Microsoft.Compute/virtualMachineScaleSets"))?.Body.Number("sku.capacity")
            ?? resources.FirstOrDefault(r => IsApp(r, "relay"))?.Body.Number("properties.template.scale.minReplicas")
            ?? 0;

    private static int? Setting(ResolvedResource app, string name)
    {
        foreach (BicepObject container in app.Body.Objects("properties.template.containers"))
        {
            foreach (BicepObject variable in container.Objects("env"))
            {
                if (variable.Text("name") == name && int.TryParse(
                    variable.Text("value"), NumberStyles.None, CultureInfo.InvariantCulture, out int value)) return value;
            }
        }
        return null;
    }

    private static bool IsApp(ResolvedResource resource, string prefix)
        => ResourceReader.IsType(resource, "Microsoft.App/containerApps")
        && resource.Name?.StartsWith(prefix, StringComparison.Ordinal) == true;

    private static bool IsIn(ResolvedResource resource, string group)
        => string.Equals(GroupOf(resource.Scope), group, StringComparison.OrdinalIgnoreCase)
            || (ResourceReader.IsType(resource, "Microsoft.Resources/resourceGroups")
            && string.Equals(resource.Name, group, StringComparison.OrdinalIgnoreCase));

    /// <summary>Returns the group's name in <c>/subscriptions/ID/resourceGroups/NAME</c>, or null for a subscription.</summary>
    private static string? GroupOf(string scope)
        => scope.Split('/') is [_, "subscriptions", _, "resourceGroups", var name, ..] ? name : null;
}

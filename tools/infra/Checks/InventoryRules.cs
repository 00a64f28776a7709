using System.Globalization;

namespace Dapr.Voice.Infra.Checks;

/// <summary>
/// How many resources of each type a deployment has: a module, a loop or a condition that is gone or turned round shows here even where nothing else refers to what it made.
/// </summary>
internal static class InventoryRules
{
    public static void Check(CheckContext context)
    {
        if (!context.IsComplete) return;
        var scenario = context.Scenario;
        int regions = scenario.Regions, shards = scenario.IsPublished ? scenario.Shards * regions : 0;
        bool isMulti = regions > 1, withEdge = scenario.HasUdpEdge, withAgent = !scenario.Overrides.ContainsKey("agentUrl"), withGlobal = scenario.Overrides.ContainsKey("globalLoadBalancer");
        int subscribers = scenario.Subscribers.Count;
        // Placeholders stand in the home region for every service of azure.yaml that has no app there.
        int placeholders = scenario.IsPublished ? (withEdge ? 1 : 0) + (withAgent ? 0 : 1) : withEdge ? 4 : 4;
        int apps = (scenario.IsPublished ? regions * (1 + (withEdge ? 0 : 1) + (withAgent ? 1 : 0)) : 0) + shards + placeholders;
        var expected = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase)
        {
            ["Microsoft.Resources/resourceGroups"] = 1 + regions,
            ["Microsoft.ManagedIdentity/userAssignedIdentities"] = 4 * regions,
            ["Microsoft.ContainerRegistry/registries"] = 1,
            ["Microsoft.ContainerRegistry/registries/replications"] = regions - 1,
            ["Microsoft.Storage/storageAccounts"] = regions,
            ["Microsoft.Storage/storageAccounts/tableServices"] = regions,
            ["Microsoft.Storage/storageAccounts/tableServices/tables"] = regions,
            ["Microsoft.Storage/storageAccounts/blobServices"] = regions,
            ["Microsoft.Storage/storageAccounts/blobServices/containers"] = regions,
            ["Microsoft.Storage/storageAccounts/managementPolicies"] = regions,
            ["Microsoft.ServiceBus/namespaces"] = regions,
            ["Microsoft.ServiceBus/namespaces/topics"] = 3 * regions,
            ["Microsoft.ServiceBus/namespaces/topics/subscriptions"] = 2 * subscribers * regions,
            ["Microsoft.KeyVault/vaults"] = regions,
            ["Microsoft.OperationalInsights/workspaces"] = regions,
            ["Microsoft.Insights/components"] = regions,
            ["Microsoft.Insights/diagnosticSettings"] = regions,
            ["Microsoft.App/managedEnvironments"] = regions,
            ["Microsoft.App/managedEnvironments/daprComponents"] = (isMulti ? 6 : 4) * regions,
            ["Microsoft.App/containerApps"] = apps,
            ["Microsoft.Network/virtualNetworks"] = regions,
            ["Microsoft.Network/networkSecurityGroups"] = withEdge ? regions : 0,
            ["Microsoft.Network/publicIPAddresses"] = (withEdge ? regions : 0) + (withGlobal ? 1 : 0),
            ["Microsoft.Network/loadBalancers"] = (withEdge ? regions : 0) + (withGlobal ? 1 : 0),
            ["Microsoft.Compute/virtualMachineScaleSets"] = withEdge && scenario.IsPublished ? regions : 0,
            ["Microsoft.Cdn/profiles"] = isMulti ? 1 : 0,
            ["Microsoft.Cdn/profiles/afdEndpoints"] = isMulti ? 1 : 0,
            ["Microsoft.Cdn/profiles/afdEndpoints/routes"] = isMulti ? 1 : 0,
            ["Microsoft.Cdn/profiles/originGroups"] = isMulti ? 1 : 0,
            ["Microsoft.Cdn/profiles/originGroups/origins"] = isMulti ? regions : 0,
            // Registry pull, sender, secrets reader, deployer for each region, receiver where somebody subscribes; table and blob for the region itself and for the one whose buddy it is.
            ["Microsoft.Authorization/roleAssignments"] = regions * (4 + (subscribers > 0 ? 1 : 0) + 2 * (isMulti ? 2 : 1)),
        };
        var counts = context.Made.GroupBy(r => r.Type, StringComparer.OrdinalIgnoreCase).ToDictionary(g => g.Key, g => g.Count(), StringComparer.OrdinalIgnoreCase);
        foreach (var (type, wanted) in expected)
        {
            int there = counts.GetValueOrDefault(type);
            if (there != wanted) context.AddToFile(context.MainPath, RuleIds.Inventory, string.Create(CultureInfo.InvariantCulture, $"{scenario.Name}: {there} of '{type}', {wanted} are expected."));
        }
        foreach (var unknown in context.Made.Where(r => !expected.ContainsKey(r.Type))) context.Add(unknown.Where, RuleIds.Inventory, $"'{unknown.Type}' is not in the inventory (InventoryRules).");
        var ids = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var twice in context.Made.Where(r => r.Id is not null && !ids.Add(r.Id))) context.Add(twice.Where, RuleIds.Inventory, $"'{twice.Name}' of this type is made twice in '{twice.Scope}'.");
    }
}

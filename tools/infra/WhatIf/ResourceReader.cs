using System.Globalization;
using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Infra.Pricing;

namespace Dapr.Voice.Infra.WhatIf;

/// <summary>
/// Reads the size, the ports and the fixed cost of one resource by its type. As far as we know, a type that is not listed here costs
/// nothing.
/// </summary>
internal static class ResourceReader
{
    /// <summary>The number of load balancing rules that the balancer's base price includes.</summary>
    private const int RulesInBase = 5;

    /// <summary>Returns null if the resource has no line of its own in a plan.</summary>
    public static PlannedResource? Read(ResolvedResource resource)
    {
        BicepObject body = resource.Body;
        (string size, double? month)? read = resource.Type.ToLowerInvariant() switch
        {
            "microsoft.app/containerapps" => App(body),
            "microsoft.app/managedenvironments" => Environment(body),
            "microsoft.compute/virtualmachinescalesets" => ScaleSet(body),
            "microsoft.network/loadbalancers" => Balancer(body),
            "microsoft.network/publicipaddresses" =>
                (body.Text("sku.name") ?? "", PriceTable.HoursPerMonth * PriceTable.PublicAddress.Dollars),
            "microsoft.network/natgateways" => (body.Text("sku.name") ?? "", PriceTable.HoursPerMonth * PriceTable.NatGateway.Dollars),
            "microsoft.network/privateendpoints" => ("", PriceTable.HoursPerMonth * PriceTable.PrivateEndpoint.Dollars),
            "microsoft.network/virtualnetworks" =>
                (string.Join(", ", body.Objects("properties.subnets")
                .Select(s => $"{s.Text("name")} {s.Text("properties.addressPrefix")}")), 0),
            "microsoft.storage/storageaccounts" => (body.Text("sku.name") ?? "", 0),
            "microsoft.keyvault/vaults" => (body.Text("properties.sku.name") ?? "", 0),
            "microsoft.servicebus/namespaces" => Broker(body),
            "microsoft.containerregistry/registries" => Registry(body.Text("sku.name")),
            "microsoft.containerregistry/registries/replications" => ("replica", PriceTable.RegistryPremium.Dollars),
            "microsoft.cdn/profiles" => FrontDoor(body.Text("sku.name")),
            "microsoft.operationalinsights/workspaces" => (Logs(body), 0),
            _ => null,
        };
        return read is var (size2, dollars) ? new PlannedResource(
            resource.Type[(resource.Type.IndexOf('/', StringComparison.Ordinal) + 1)..], DisplayName(resource), size2, Ports(resource),
            dollars) : null;
    }

    /// <summary>Returns the ports that the resource opens. The ports of apps are exposed by their environment.</summary>
    public static IReadOnlyList<PlannedPort> Ports(ResolvedResource resource)
    {
        BicepObject body = resource.Body;
        if (IsType(resource, "Microsoft.App/containerApps"))
        {
            if (body.At("properties.configuration.ingress") is not BicepObject ingress) return [];
            bool external = ingress.Flag("external") ?? false;
            if (ingress.Text("transport") is not "tcp") return [new PlannedPort("https", 443, external)];
            var ports = new List<PlannedPort>();
            if ((ingress.Number("exposedPort") ?? ingress.Number("targetPort")) is { } first)
                ports.Add(new PlannedPort("tcp", (int)first, external));
            foreach (BicepObject mapping in ingress.Objects("additionalPortMappings"))
            {
                if ((mapping.Number("exposedPort") ?? mapping.Number("targetPort")) is { } port)
                    ports.Add(new PlannedPort("tcp", (int)port, mapping.Flag("external") ?? false));
            }
            return ports;
        }
        if (IsType(resource, "Microsoft.Network/loadBalancers"))
        {
            return [.. body.Objects("properties.loadBalancingRules").Where(r => r.Number("properties.frontendPort") is not null)
                .Select(r => new PlannedPort((r.Text("properties.protocol") ?? "any").ToLowerInvariant(),
                (int)r.Number("properties.frontendPort")!, IsExternal: true))];
        }
        return [];
    }

    public static bool IsType(ResolvedResource resource, string type)
        => string.Equals(resource.Type, type, StringComparison.OrdinalIgnoreCase);

    private static (string, double?) App(BicepObject body)
    {
        IReadOnlyList<BicepObject> containers = body.Objects("properties.template.containers");
        double cpu = containers.Sum(c => c.Number("resources.cpu") ?? 0),
            memory = containers.Sum(c => c.Gibibytes("resources.memory") ?? 0);
        double least = body.Number("properties.template.scale.minReplicas") ?? 0,
            most = body.Number("properties.template.scale.maxReplicas") ?? 10;
        string profile = body.Text("properties.workloadProfileName") ?? "Consumption";
        bool isConsumption = string.Equals(profile, "Consumption", StringComparison.OrdinalIgnoreCase);
        string size =
            $"{Plain(cpu)} vCPU, {Plain(memory)} GiB, {(least == most ? $"{Plain(least)}"
            : $"{Plain(least)} to {Plain(most)}")} {(most == 1 ? "replica" : "replicas")}{(isConsumption ? "" : $", profile {profile}")}";
        // An app on a dedicated profile is paid with the profile.
        return (size, isConsumption ? least * PriceTable.ConsumptionMonth(cpu, memory) : 0);
    }

    private static (string, double?) Environment(BicepObject body)
    {
        double? month = 0;
        var words = new List<string>();
        foreach (BicepObject profile in body.Objects("properties.workloadProfiles"))
        {
            string type = profile.Text("workloadProfileType") ?? "?";
            if (string.Equals(type, "Consumption", StringComparison.OrdinalIgnoreCase))
            {
                words.Add("consumption");
                continue;
            }
            double count = profile.Number("minimumCount") ?? 0;
            words.Add($"{type}, at least {Plain(count)}");
            month += PriceTable.HoursPerMonth * PriceTable.DedicatedManagement.Dollars;
            month = PriceTable.DedicatedMonth(type) is { } each ? month + count * each : null;
        }
        bool isInternal = body.Flag("properties.vnetConfiguration.internal") ?? false;
        if (body.At("properties.vnetConfiguration") is BicepObject)
        {
            // Beside an environment in a network, the platform creates a balancer and addresses (one out and, if it is external, one in).
            words.Add(isInternal ? "internal" : "external, its balancer and two addresses");
            month += PriceTable.HoursPerMonth
                * ((isInternal ? 2 : 1) * PriceTable.LoadBalancer.Dollars + (isInternal ? 1 : 2) * PriceTable.PublicAddress.Dollars);
        }
        if (body.Flag("properties.zoneRedundant") == true) words.Add("zone-redundant");
        return (string.Join(", ", words), month);
    }

    private static (string, double?) ScaleSet(BicepObject body)
    {
        string size = body.Text("sku.name") ?? "?";
        double count = body.Number("sku.capacity") ?? 1;
        return ($"{Plain(count)} x {size}", PriceTable.VirtualMachineHour.TryGetValue(size, out double hour)
            ? count * (hour * PriceTable.HoursPerMonth + PriceTable.ManagedDiskSmall.Dollars) : null);
    }

    private static (string, double?) Balancer(BicepObject body)
    {
        int rules = body.Objects("properties.loadBalancingRules").Count + body.Objects("properties.outboundRules").Count;
        string tier = body.Text("sku.tier") ?? "Regional";
        return ($"{body.Text("sku.name")} {tier}, {rules} rules",
            PriceTable.HoursPerMonth * (PriceTable.LoadBalancer.Dollars
            + Math.Max(0, rules - RulesInBase) * PriceTable.LoadBalancerRule.Dollars));
    }

    private static (string, double?) Broker(BicepObject body) => body.Text("sku.name") switch
    {
        "Standard" => ("Standard", PriceTable.ServiceBusStandard.Dollars),
        "Premium" => ($"Premium, {Plain(body.Number("sku.capacity") ?? 1)} units",
            PriceTable.ServiceBusPremium.Dollars * (body.Number("sku.capacity") ?? 1)),
        var other => (other ?? "?", null),
    };

    private static (string, double?) Registry(string? sku) => (sku ?? "?", sku switch
    {
        "Basic" => PriceTable.RegistryBasic.Dollars,
        "Standard" => PriceTable.RegistryStandard.Dollars,
        "Premium" => PriceTable.RegistryPremium.Dollars,
        _ => null,
    });

    private static (string, double?) FrontDoor(string? sku) => (sku ?? "?", sku switch
    {
        "Standard_AzureFrontDoor" => PriceTable.FrontDoorStandard.Dollars,
        "Premium_AzureFrontDoor" => PriceTable.FrontDoorPremium.Dollars,
        _ => null,
    });

    private static string Logs(BicepObject body)
        => body.Number("properties.workspaceCapping.dailyQuotaGb") is >= 0 and var quota ? $"at most {Plain(quota)} GB a day"
        : "no daily limit";

    /// <summary>Returns the name, or the part of it that is known.</summary>
    private static string DisplayName(ResolvedResource resource)
        => resource.Name ?? (resource.NameValue is BicepRuntime { Parts.Count: > 0 } runtime
            ? string.Concat(runtime.Parts.Select(part => part is BicepString text ? text.Value : "[…]"))
            : "[…]");

    private static string Plain(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}

using System.Globalization;
using System.Net;
using Dapr.Voice.Infra.Bicep;

namespace Dapr.Voice.Infra.Checks;

/// <summary>
/// Rules for networks, load balancers and their rules. They find what Azure refuses late (sizes, overlaps, references by name) and what it
/// accepts without a message (a port that no rule lets through).
/// </summary>
internal static class NetworkRules
{
    private const string NetworkType = "Microsoft.Network/virtualNetworks", GroupType = "Microsoft.Network/networkSecurityGroups",
        BalancerType = "Microsoft.Network/loadBalancers";

    /// <summary>Environments with workload profiles need a /27 or a larger network.</summary>
    private const int SmallestAppsPrefix = 27;

    // Container Apps reserves these networks and is documented to refuse them.
    private static readonly IPNetwork[] Reserved = [
        .. new[] { "169.254.0.0/16", "172.30.0.0/16", "172.31.0.0/16", "192.0.2.0/24", "100.100.0.0/17", "100.100.128.0/19",
            "100.100.160.0/19", "100.100.192.0/19" }.Select(t => IPNetwork.Parse(t))];

    public static void Check(CheckContext context)
    {
        var spaces = new List<(IPNetwork Range, ResolvedResource Network)>();
        foreach (ResolvedResource network in context.Of(NetworkType)) CheckNetwork(context, network, spaces);
        CheckEnvironments(context);
        CheckMachines(context);
        foreach (ResolvedResource group in context.Of(GroupType)) CheckGroup(context, group);
        foreach (ResolvedResource balancer in context.Of(BalancerType)) CheckBalancer(context, balancer);
    }

    private static void CheckNetwork(
        CheckContext context, ResolvedResource network, List<(IPNetwork Range, ResolvedResource Network)> spaces)
    {
        var own = new List<IPNetwork>();
        foreach (BicepValue prefix in network.Body.At("properties.addressSpace.addressPrefixes").Items())
        {
            if (prefix.Text() is not { } text) continue;
            if (!IPNetwork.TryParse(text, out IPNetwork range))
            {
                context.Add(prefix.Or(network.Where), RuleIds.SubnetRange, $"'{text}' is no address range.");
                continue;
            }
            foreach ((IPNetwork Range, ResolvedResource Network) other in spaces.Where(s => Overlap(s.Range, range)))
                context.Add(prefix.Or(network.Where), RuleIds.NetworkOverlap,
                    $"{text} overlaps {other.Range} of '{other.Network.Id}': they could never be peered.");
            own.Add(range);
        }
        spaces.AddRange(own.Select(r => (r, network)));
        var subnets = new List<(string Name, IPNetwork Range)>();
        foreach (BicepObject subnet in network.Body.At("properties.subnets").Objects())
        {
            string name = subnet["name"].Text() ?? "";
            BicepValue? prefix = subnet.At("properties.addressPrefix");
            if (prefix.Text() is not { } text) continue;
            if (!IPNetwork.TryParse(text, out IPNetwork range))
            {
                context.Add(prefix.Or(subnet.Where), RuleIds.SubnetRange,
                    $"'{text}' is no address range: the address has bits beyond the prefix, or it is misspelt.");
                continue;
            }
            if (own.Count > 0 && !own.Any(o => o.PrefixLength <= range.PrefixLength && o.Contains(range.BaseAddress)))
                context.Add(prefix.Or(subnet.Where), RuleIds.SubnetRange, $"{text} is outside of the network's addresses.");
            foreach ((string other, IPNetwork _) in subnets.Where(s => Overlap(s.Range, range))) context.Add(
                prefix.Or(subnet.Where), RuleIds.SubnetRange, $"{text} overlaps the subnet '{other}'.");
            subnets.Add((name, range));
            bool isForApps = subnet.At("properties.delegations").Objects()
                .Any(d => d.At("properties.serviceName").Text() == "Microsoft.App/environments");
            if (isForApps && range.PrefixLength > SmallestAppsPrefix)
                context.Add(prefix.Or(subnet.Where), RuleIds.SubnetSize,
                    $"A Container Apps environment needs a /{SmallestAppsPrefix} or more.");
            foreach (IPNetwork reserved in Reserved.Where(r => isForApps && Overlap(r, range)))
                context.Add(prefix.Or(subnet.Where), RuleIds.SubnetRange, $"{reserved} is kept by Container Apps for itself.");
            if (!isForApps && subnet.At("properties.networkSecurityGroup") is null)
                context.Add(subnet.Where, RuleIds.NsgMissing, $"The subnet '{name}' has no network security group: whatever has an "
                    + $"address there is reached from everywhere in the network.");
        }
    }

    private static void CheckEnvironments(CheckContext context)
    {
        foreach (ResolvedResource environment in context.Of("Microsoft.App/managedEnvironments"))
        {
            BicepValue? id = environment.Body.At("properties.vnetConfiguration.infrastructureSubnetId");
            if (id is null) continue;
            string text = id.Text() ?? (id as BicepRuntime)?.Text ?? "";
            var subnets = context.Of(NetworkType).SelectMany(n => n.Body.At("properties.subnets").Objects()).ToList();
            if (text.Length == 0 || subnets.Count == 0) continue;
            BicepObject? subnet = subnets.FirstOrDefault(
                s => s["name"].Text() is { } name && text.TrimEnd(']', '\'', '"', '}').EndsWith(
                "/subnets/" + name, StringComparison.OrdinalIgnoreCase));
            if (subnet is null)
                context.Add(id.Or(environment.Where), RuleIds.SubnetUnknown, "The environment's subnet is none of the network's.");
            else if (!subnet.At("properties.delegations").Objects()
            .Any(d => d.At("properties.serviceName").Text() == "Microsoft.App/environments"))
                context.Add((subnet.At("properties.delegations")).Or(subnet.Where), RuleIds.SubnetDelegation,
                    $"The subnet '{subnet["name"].Text()}' has to be delegated to Microsoft.App/environments.");
        }
    }

    private static void CheckMachines(CheckContext context)
    {
        var subnets = context.Of(NetworkType).SelectMany(n => n.Body.At("properties.subnets").Objects()).Select(s => s["name"].Text())
            .ToList();
        foreach (ResolvedResource machines in context.Of("Microsoft.Compute/virtualMachineScaleSets"))
        {
            foreach (BicepValue? id in machines.Body.At("properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations")
                .Objects().SelectMany(n => n.At("properties.ipConfigurations").Objects()).Select(i => i.At("properties.subnet.id")))
            {
                if (id.Text() is { } text && subnets.Count > 0 && !subnets.Any(
                    s => text.EndsWith("/subnets/" + s, StringComparison.OrdinalIgnoreCase)))
                    context.Add(id.Or(machines.Where), RuleIds.SubnetUnknown, "The machines' subnet is none of the network's.");
            }
        }
    }

    private static void CheckGroup(CheckContext context, ResolvedResource group)
    {
        var priorities = new HashSet<(string?, long)>();
        foreach (BicepObject rule in group.Body.At("properties.securityRules").Objects())
        {
            var properties = rule["properties"] as BicepObject;
            if (properties is null) continue;
            string? direction = properties["direction"].Text();
            if (properties["priority"].Number() is { } priority && (priority is < 100 or > 4096 || !priorities.Add((direction, priority))))
                context.Add(properties["priority"]!.Where, RuleIds.NsgPriority,
                    $"Priority {priority}: 100 to 4096, each once in a direction.");
            bool isOpen = direction == "Inbound" && properties["access"].Text() == "Allow"
                && properties["sourceAddressPrefix"].Text() is "*" or "Internet" or "0.0.0.0/0";
            if (!isOpen) continue;
            foreach (string ports in properties["destinationPortRanges"].Items().Select(p => p.Text())
                .Append(properties["destinationPortRange"].Text()).OfType<string>())
            {
                if (ports == "*" || ports.Contains('-', StringComparison.Ordinal) || ports is "22" or "3389"
                    || properties["protocol"].Text() == "*")
                    context.Add((properties["destinationPortRange"]).Or(rule.Where), RuleIds.NsgOpen,
                        $"'{rule["name"].Text()}' lets everybody in on {ports} by {properties["protocol"].Text()}: "
                        + "one port and one protocol.");
            }
        }
    }

    private static void CheckBalancer(CheckContext context, ResolvedResource balancer)
    {
        BicepObject body = balancer.Body;
        string tier = body.At("sku.tier").Text() ?? "Regional";
        if (body.At("sku.name").Text() is not "Standard")
            context.Add((body.At("sku.name")).Or(balancer.Where), RuleIds.LbSku,
                "The Basic load balancer has no zones and is being retired: Standard.");
        foreach (BicepObject frontend in body.At("properties.frontendIPConfigurations").Objects())
        {
            ResolvedResource? address = context.Of("Microsoft.Network/publicIPAddresses")
                .FirstOrDefault(a => frontend.At("properties.publicIPAddress.id").IsIdOf(a));
            if (address is null) continue;
            if (address.Body.At("sku.name").Text() != "Standard" || (address.Body.At("sku.tier").Text() ?? "Regional") != tier)
                context.Add(address.Where, RuleIds.LbSku, $"The address has to be Standard and {tier} as its balancer.");
            if (address.Body.At("properties.publicIPAllocationMethod").Text() != "Static")
                context.Add((address.Body.At("properties.publicIPAllocationMethod")).Or(address.Where), RuleIds.LbSku,
                    "A Standard address is Static.");
        }
        var rules = body.At("properties.loadBalancingRules").Objects().ToList();
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (BicepObject? rule in rules)
        {
            var properties = rule["properties"] as BicepObject;
            if (properties is null) continue;
            Reference(rule, properties.At("frontendIPConfiguration.id"), "frontendIPConfigurations");
            Reference(rule, properties.At("backendAddressPool.id"), "backendAddressPools");
            if (properties["probe"] is not null) Reference(rule, properties.At("probe.id"), "probes");
            else if (tier == "Regional")
            context.Add(rule.Where, RuleIds.LbProbe, $"Without a probe '{rule["name"].Text()}' sends packets to machines that are gone.");
            long? front = properties["frontendPort"].Number(), back = properties["backendPort"].Number();
            if (!taken.Add($"{properties["protocol"].Text()} {front} {properties.At("frontendIPConfiguration.id")}"))
                context.Add(rule.Where, RuleIds.LbPort, $"Port {front} stands in two rules.");
            if (front is null || back is null) context.Add(rule.Where, RuleIds.LbPort, "A rule needs frontendPort and backendPort.");
            if (back is { } port && tier == "Regional" && !LetsIn(context, balancer, properties["protocol"].Text(), port))
                context.Add(properties["backendPort"]!.Where, RuleIds.LbPort,
                    $"No rule of a network security group lets {properties["protocol"].Text()} port {port} in, so nothing comes through.");
        }
        foreach (BicepObject rule in body.At("properties.outboundRules").Objects())
        {
            Reference(rule, rule.At("properties.backendAddressPool.id"), "backendAddressPools");
            foreach (BicepObject frontend in rule.At("properties.frontendIPConfigurations").Objects())
                Reference(rule, frontend["id"], "frontendIPConfigurations");
        }
        foreach (BicepObject probe in body.At("properties.probes").Objects())
        {
            if (probe.At("properties.protocol").Text() is "Http" or "Https" && probe.At("properties.requestPath").Text() is not "/readyz")
                context.Add((probe.At("properties.requestPath")).Or(probe.Where), RuleIds.LbProbe,
                    "The probe asks /readyz: a relay that drains gets no new flows.");
            if (probe.At("properties.protocol").Text() is "Tcp")
                context.Add(probe.At("properties.protocol")!.Where, RuleIds.LbProbe,
                    "A TCP probe says that a port is open, not that the relay works.");
            if (probe.At("properties.port").Number() is { } port && !LetsIn(context, balancer, "Tcp", port))
                context.Add(probe.At("properties.port")!.Where, RuleIds.LbProbe,
                    $"No rule of a network security group lets the probe in on port {port}.");
            string name = probe["name"].Text() ?? "";
            if (!rules.Any(r => IsItem(r.At("properties.probe.id"), "probes", name)))
                context.Add(probe.Where, RuleIds.LbReference, $"No rule uses the probe '{name}'.");
        }

        void Reference(BicepObject rule, BicepValue? id, string kind)
        {
            if (id is null)
            {
                context.Add(rule.Where, RuleIds.LbReference, $"'{rule["name"].Text()}' needs one of the balancer's {kind}.");
                return;
            }
            IEnumerable<string?> names = body.At("properties." + kind).Objects().Select(f => f["name"].Text());
            if (!names.Any(n => n is not null && IsItem(id, kind, n)))
                context.Add(id.Or(rule.Where), RuleIds.LbReference,
                    $"'{(id.Text() ?? (id as BicepRuntime)?.Text)?.Split('/')[^1]}' is none of the balancer's {kind}.");
        }

        bool IsItem(BicepValue? id, string kind, string name)
            => string.Equals(id.Text(), $"{balancer.Id}/{kind}/{name}", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>
    /// Says whether a security group in the balancer's resource group lets the port in. True if there is no security group to ask.
    /// </summary>
    private static bool LetsIn(CheckContext context, ResolvedResource balancer, string? protocol, long port)
    {
        var groups = context.Of(GroupType).Where(g => g.Scope == balancer.Scope).ToList();
        return groups.Count == 0 || groups.SelectMany(g => g.Body.At("properties.securityRules").Objects()).Any(r =>
            r.At("properties.access").Text() == "Allow" && r.At("properties.direction").Text() == "Inbound"
            && r.At("properties.protocol").Text() is { } p && (p == "*" || p == protocol)
            && r.At("properties.destinationPortRange").Text() is { } range
            && (range == "*" || range == port.ToString(CultureInfo.InvariantCulture)));
    }

    private static bool Overlap(IPNetwork a, IPNetwork b) => a.Contains(b.BaseAddress) || b.Contains(a.BaseAddress);
}

namespace Dapr.Voice.Infra.Pricing;

/// <summary>
/// Every price that <c>./voice deploy --what-if</c>, <c>./voice capacity</c> and docs/capacity.md use. No other place has a price. The
/// prices were written from knowledge and not fetched. A region may be a third more expensive, and any price may have changed. They only
/// give the order of magnitude of an invoice.
/// </summary>
public static class PriceTable
{
    /// <summary>When the figures were believed to be right.</summary>
    public const string AsOf = "2025";

    public const string Caution = "public list prices in US dollars, US regions, as of 2025, from knowledge and not fetched; no free "
        + "grants, reservations or agreements";

    /// <summary>Azure counts 730 hours per month.</summary>
    public const double HoursPerMonth = 730;

    public const double SecondsPerMonth = HoursPerMonth * 3600;

    public static readonly Price ConsumptionVcpu = new("aca.vcpu-second", "Container Apps, consumption, active vCPU", 0.000024, "second");
    public static readonly Price ConsumptionMemory = new(
        "aca.gib-second", "Container Apps, consumption, GiB of memory", 0.000003, "second");
    public static readonly Price DedicatedManagement = new(
        "aca.dedicated-management", "Container Apps, management of dedicated profiles, per environment", 0.10, "hour");
    public static readonly Price DedicatedVcpu = new("aca.dedicated-vcpu", "Container Apps, dedicated profile, vCPU", 0.06, "hour");
    public static readonly Price DedicatedMemory = new(
        "aca.dedicated-gib", "Container Apps, dedicated profile, GiB of memory", 0.005, "hour");
    public static readonly Price LoadBalancer = new("lb.rules", "Standard load balancer, up to five rules", 0.025, "hour");
    public static readonly Price LoadBalancerRule = new("lb.rule", "Standard load balancer, each rule beyond five", 0.01, "hour");
    public static readonly Price LoadBalancerData = new("lb.data", "Standard load balancer, data processed", 0.005, "GB");
    public static readonly Price PublicAddress = new("ip.standard", "public IPv4 address, Standard", 0.005, "hour");
    public static readonly Price NatGateway = new("nat.gateway", "NAT gateway", 0.045, "hour");
    public static readonly Price PrivateEndpoint = new("network.private-endpoint", "private endpoint", 0.01, "hour");
    public static readonly Price TableOperations = new("table.operations", "Table Storage, operations", 0.036, "million");
    public static readonly Price BlobWrites = new("blob.writes", "Blob Storage (hot, local redundancy), writes", 5.50, "million");
    public static readonly Price StoredData = new("storage.data", "Table and Blob Storage, data at rest", 0.045, "GB and month");
    public static readonly Price ServiceBusStandard = new(
        "servicebus.standard", "Service Bus Standard, base, 13 million operations in it", 10, "month");
    public static readonly Price ServiceBusPremium = new("servicebus.premium", "Service Bus Premium, messaging unit", 677, "month");
    public static readonly Price ServiceBusOperations = new(
        "servicebus.operations", "Service Bus Standard, operations beyond the first 13 million", 0.80, "million");
    public static readonly Price KeyVaultOperations = new("keyvault.operations", "Key Vault, operations", 3, "million");
    public static readonly Price RegistryBasic = new("acr.basic", "Container Registry Basic", 5, "month");
    public static readonly Price RegistryStandard = new("acr.standard", "Container Registry Standard", 20, "month");
    public static readonly Price RegistryPremium = new("acr.premium", "Container Registry Premium, and each replica", 50, "month");
    public static readonly Price FrontDoorStandard = new("afd.standard", "Front Door Standard, base", 35, "month");
    public static readonly Price FrontDoorPremium = new("afd.premium", "Front Door Premium, base", 330, "month");
    public static readonly Price FrontDoorRequests = new("afd.requests", "Front Door, requests", 1.0, "million");
    public static readonly Price LogIngestion = new("logs.ingestion", "Log Analytics and Application Insights, ingestion", 2.50, "GB");
    public static readonly Price BetweenRegions = new("network.between-regions", "traffic between regions of a continent", 0.02, "GB");
    public static readonly Price ManagedDiskSmall = new("disk.small", "system disk of a VM, 30 GB or so", 2.50, "month");

    /// <summary>
    /// Internet egress in tiers: the upper end of each tier in GB per month, and dollars per GB. The price above the last tier is
    /// negotiated. The last price stands for it.
    /// </summary>
    public static readonly IReadOnlyList<(double UpToGigabytes, double DollarsPerGigabyte)> Egress =
        [(100, 0), (10_000, 0.087), (50_000, 0.083), (150_000, 0.07), (double.PositiveInfinity, 0.05)];

    /// <summary>Linux VMs in dollars per hour: the sizes that suit a relay.</summary>
    public static readonly IReadOnlyDictionary<string, double> VirtualMachineHour =
        new Dictionary<string, double>(StringComparer.OrdinalIgnoreCase)
    {
        ["Standard_B1s"] = 0.0104,
        ["Standard_B1ms"] = 0.0207,
        ["Standard_B2s"] = 0.0416,
        ["Standard_B2ts_v2"] = 0.0104,
        ["Standard_B2ats_v2"] = 0.0094,
        ["Standard_B2als_v2"] = 0.0376,
        ["Standard_B2s_v2"] = 0.0832,
        ["Standard_F2s_v2"] = 0.085,
        ["Standard_F4s_v2"] = 0.169,
        ["Standard_D2s_v5"] = 0.096,
        ["Standard_D4s_v5"] = 0.192,
        ["Standard_D8s_v5"] = 0.384,
        ["Standard_D2as_v5"] = 0.086,
        ["Standard_D4as_v5"] = 0.172,
        ["Standard_D2ls_v5"] = 0.085,
        ["Standard_D4ls_v5"] = 0.17,
        ["Standard_D2als_v6"] = 0.082,
        ["Standard_D4als_v6"] = 0.164,
        ["Standard_D2s_v6"] = 0.101,
        ["Standard_D4s_v6"] = 0.202,
        ["Standard_D2as_v6"] = 0.091,
        ["Standard_D4as_v6"] = 0.182,
    };

    /// <summary>The cores and GiB of Container Apps' dedicated profiles.</summary>
    public static readonly IReadOnlyDictionary<string, (int Cores, int Gibibytes)> WorkloadProfiles =
        new Dictionary<string, (int, int)>(StringComparer.OrdinalIgnoreCase)
    {
        ["D4"] = (4, 16),
        ["D8"] = (8, 32),
        ["D16"] = (16, 64),
        ["D32"] = (32, 128),
        ["E4"] = (4, 32),
        ["E8"] = (8, 64),
        ["E16"] = (16, 128),
        ["E32"] = (32, 256),
    };

    /// <summary>Returns the dollars per month for that much internet egress in the month, with all tiers applied.</summary>
    public static double EgressMonth(double gigabytes)
    {
        double dollars = 0, below = 0;
        foreach ((double upTo, double price) in Egress)
        {
            if (gigabytes <= below) break;
            dollars += (Math.Min(gigabytes, upTo) - below) * price;
            below = upTo;
        }
        return dollars;
    }

    /// <summary>
    /// Returns the dollars per month of a replica in the consumption plan that is never idle. Ours are not idle, because they send and
    /// probe each second.
    /// </summary>
    public static double ConsumptionMonth(double vcpu, double gibibytes)
        => SecondsPerMonth * (vcpu * ConsumptionVcpu.Dollars + gibibytes * ConsumptionMemory.Dollars);

    /// <summary>
    /// Returns the dollars per month of one instance of a dedicated profile, or null if the table does not have the profile.
    /// </summary>
    public static double? DedicatedMonth(string profileType)
        => WorkloadProfiles.TryGetValue(profileType, out (int Cores, int Gibibytes) size)
            ? HoursPerMonth * (size.Cores * DedicatedVcpu.Dollars + size.Gibibytes * DedicatedMemory.Dollars)
            : null;

    /// <summary>Returns the dollars per month of Service Bus Standard with that many operations.</summary>
    public static double ServiceBusMonth(double operations)
        => ServiceBusStandard.Dollars + Math.Max(0, operations - 13e6) / 1e6 * ServiceBusOperations.Dollars;
}

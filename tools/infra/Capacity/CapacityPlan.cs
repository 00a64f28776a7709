namespace Dapr.Voice.Infra.Capacity;

/// <summary>
/// What a number of concurrent sessions needs and costs, as computed. Figures per second are at that concurrency. Costs are for a month in
/// which it never falls.
/// </summary>
public sealed record CapacityPlan
{
    public required double Sessions { get; init; }
    public required Edge Edge { get; init; }
    public required int SessionsPerShard { get; init; }
    public required int Cells { get; init; }
    public required int Shards { get; init; }
    public required int RelaysPerCell { get; init; }
    public required int SignalingPerCell { get; init; }
    public required double CallsPerSecond { get; init; }

    /// <summary>The cores of shards, relays and signaling.</summary>
    public required double Cores { get; init; }

    /// <summary>Table operations per second of one cell for the registry, with or without calls.</summary>
    public required double RegistryOperationsPerSecondAndCell { get; init; }

    /// <summary>Table operations per second of one cell for sessions.</summary>
    public required double SessionOperationsPerSecondAndCell { get; init; }
    public required double BrokerOperationsPerSecondAndCell { get; init; }
    public required double EgressBitsPerSecond { get; init; }
    public required double EgressGigabytesPerMonth { get; init; }
    public required double BetweenRegionsGigabytesPerMonth { get; init; }

    /// <summary>Dollars per month for each thing that is paid for, largest first.</summary>
    public required IReadOnlyList<(string What, double Dollars)> Costs { get; init; }

    /// <summary>The limits, nearest first.</summary>
    public required IReadOnlyList<CapacityLimit> Limits { get; init; }

    /// <summary>The limits that this plan exceeds with the present code and defaults.</summary>
    public required IReadOnlyList<CapacityLimit> Broken { get; init; }

    public double DollarsPerMonth => Costs.Sum(c => c.Dollars);

    public double DollarsPerSessionHour => DollarsPerMonth / (Sessions * Pricing.PriceTable.HoursPerMonth);
}

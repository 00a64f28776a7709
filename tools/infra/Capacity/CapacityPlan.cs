namespace Dapr.Voice.Infra.Capacity;

/// <summary>
/// What so many concurrent sessions need and cost, on paper. Figures a second are at that concurrency; money is for a month in which it
/// never falls.
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

    /// <summary>Cores of shards, relays and signaling.</summary>
    public required double Cores { get; init; }

    /// <summary>Table operations a second of one cell for who is alive and who owns what, calls or no calls.</summary>
    public required double RegistryOperationsPerSecondAndCell { get; init; }

    /// <summary>Table operations a second of one cell for sessions.</summary>
    public required double SessionOperationsPerSecondAndCell { get; init; }
    public required double BrokerOperationsPerSecondAndCell { get; init; }
    public required double EgressBitsPerSecond { get; init; }
    public required double EgressGigabytesPerMonth { get; init; }
    public required double BetweenRegionsGigabytesPerMonth { get; init; }

    /// <summary>Dollars a month by what is paid for, largest first.</summary>
    public required IReadOnlyList<(string What, double Dollars)> Costs { get; init; }

    /// <summary>Nearest first.</summary>
    public required IReadOnlyList<CapacityLimit> Limits { get; init; }

    /// <summary>Limits that this plan breaks as the code and the defaults stand.</summary>
    public required IReadOnlyList<CapacityLimit> Broken { get; init; }

    public double DollarsPerMonth => Costs.Sum(c => c.Dollars);

    public double DollarsPerSessionHour => DollarsPerMonth / (Sessions * Pricing.PriceTable.HoursPerMonth);
}

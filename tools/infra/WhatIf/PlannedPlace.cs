namespace Dapr.Voice.Infra.WhatIf;

/// <summary>A region, or what all regions share.</summary>
/// <param name="Name">The Azure location, or <c>shared</c> for what belongs to no region.</param>
/// <param name="Resources">Every resource except identities, role assignments, and children that only complete their parent.</param>
/// <param name="UsageDollarsPerMonth">What is paid by use even if nobody calls: the registry's operations.</param>
public sealed record PlannedPlace(
    string Name, IReadOnlyList<PlannedResource> Resources, int ResourceCount, int Shards, int Identities, int RoleAssignments,
    int DaprComponents, double UsageDollarsPerMonth)
{
    public const string Shared = "shared";

    /// <summary>The fixed cost, with or without calls.</summary>
    public double FixedDollarsPerMonth => Resources.Sum(r => r.DollarsPerMonth ?? 0);

    /// <summary>The resources whose price is not in the table.</summary>
    public IEnumerable<PlannedResource> Unpriced => Resources.Where(r => r.DollarsPerMonth is null);
}

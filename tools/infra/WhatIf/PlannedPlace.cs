namespace Dapr.Voice.Infra.WhatIf;

/// <summary>A region, or what all regions share.</summary>
/// <param name="Name">The Azure location; <c>shared</c> for what belongs to none.</param>
/// <param name="Resources">What is worth a line: everything but identities, role assignments, and children that only complete their
/// parent.</param>
/// <param name="UsageDollarsPerMonth">Paid by use though nobody calls: the registry's operations.</param>
public sealed record PlannedPlace(
    string Name, IReadOnlyList<PlannedResource> Resources, int ResourceCount, int Shards, int Identities, int RoleAssignments,
    int DaprComponents, double UsageDollarsPerMonth)
{
    public const string Shared = "shared";

    /// <summary>What stands there, calls or none.</summary>
    public double FixedDollarsPerMonth => Resources.Sum(r => r.DollarsPerMonth ?? 0);

    /// <summary>Resources whose price is not in the table.</summary>
    public IEnumerable<PlannedResource> Unpriced => Resources.Where(r => r.DollarsPerMonth is null);
}

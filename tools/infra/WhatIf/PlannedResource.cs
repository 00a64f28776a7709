namespace Dapr.Voice.Infra.WhatIf;

/// <summary>A resource as a reader of a plan wants it.</summary>
/// <param name="Type">Without the provider: <c>containerApps</c>.</param>
/// <param name="Name">Part of it may be in brackets: known only at deployment.</param>
/// <param name="Size">SKU, cores, replicas; empty where it has none.</param>
/// <param name="DollarsPerMonth">What it costs standing there; null: the price table does not have it.</param>
public sealed record PlannedResource(string Type, string Name, string Size, IReadOnlyList<PlannedPort> Ports, double? DollarsPerMonth);

/// <summary>A port of an environment or a balancer.</summary>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c>, <c>https</c>.</param>
/// <param name="IsExternal">Reachable from outside of the environment.</param>
public sealed record PlannedPort(string Protocol, int Number, bool IsExternal)
{
    public override string ToString() => $"{Protocol} {Number}{(IsExternal ? "" : " (inside)")}";
}

namespace Dapr.Voice.Infra.WhatIf;

/// <summary>A resource as the reader of a plan sees it.</summary>
/// <param name="Type">The type without the provider, such as <c>containerApps</c>.</param>
/// <param name="Name">The name. A part in brackets is known only at deployment.</param>
/// <param name="Size">SKU, cores or replicas. Empty if there is none.</param>
/// <param name="DollarsPerMonth">The fixed cost. Null if the price table does not have it.</param>
public sealed record PlannedResource(string Type, string Name, string Size, IReadOnlyList<PlannedPort> Ports, double? DollarsPerMonth);

/// <summary>A port of an environment or a balancer.</summary>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>https</c>.</param>
/// <param name="IsExternal">The port can be reached from outside the environment.</param>
public sealed record PlannedPort(string Protocol, int Number, bool IsExternal)
{
    public override string ToString() => $"{Protocol} {Number}{(IsExternal ? "" : " (inside)")}";
}

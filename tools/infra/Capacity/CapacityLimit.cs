namespace Dapr.Voice.Infra.Capacity;

/// <summary>A limit that is reached before the machines are full.</summary>
/// <param name="Name">What is limited.</param>
/// <param name="Sessions">The number of concurrent sessions at the limit, in one cell, or in all cells if <paramref
/// name="IsOfFleet"/>.</param>
/// <param name="IsOfFleet">It limits the whole fleet and not each cell.</param>
/// <param name="IsMeasured">False if the figure is a vendor's default or our own assumption.</param>
/// <param name="Then">What to do when the limit comes near.</param>
public sealed record CapacityLimit(string Name, double Sessions, bool IsOfFleet, bool IsMeasured, string Then);

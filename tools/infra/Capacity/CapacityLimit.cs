namespace Dapr.Voice.Infra.Capacity;

/// <summary>Something that ends before the machine park does.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Sessions">Concurrent sessions at which it ends, in one cell, or in all where <paramref name="IsOfFleet"/>.</param>
/// <param name="IsOfFleet">It bounds the whole fleet and not each cell.</param>
/// <param name="IsMeasured">False: a vendor's default or an assumption of ours stands behind the figure.</param>
/// <param name="Then">What to do when it comes near.</param>
public sealed record CapacityLimit(string Name, double Sessions, bool IsOfFleet, bool IsMeasured, string Then);

namespace Dapr.Voice.Steering;

/// <summary>The highest epochs that a relay has seen.</summary>
/// <param name="Region">The region of the slots.</param>
/// <param name="Highest">For each slot the highest epoch that was announced, or -1. It shows later changes.</param>
public readonly record struct SlotEpochs(byte Region, ReadOnlyMemory<long> Highest);

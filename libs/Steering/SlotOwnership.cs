namespace Dapr.Voice.Steering;

/// <summary>
/// A slot that a transceiver holds, with the fencing number of its ownership: where two claim one slot, the higher epoch is right.
/// </summary>
public readonly record struct SlotOwnership(ushort Slot, uint Epoch);

namespace Dapr.Voice.Steering;

/// <summary>
/// A slot that a transceiver owns, with the epoch of its ownership. If two transceivers claim one slot, the one with the higher epoch owns
/// it.
/// </summary>
public readonly record struct SlotOwnership(ushort Slot, uint Epoch);

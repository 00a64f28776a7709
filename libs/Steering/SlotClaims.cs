namespace Dapr.Voice.Steering;

/// <summary>What the transceiver at the other end of a link says about itself: its process, and the slots that it owns.</summary>
/// <param name="incarnation">Identifies the process.</param>
/// <param name="epochs">For each slot, the epoch under which it owns the slot, or -1.</param>
public readonly ref struct SlotClaims(ulong incarnation, ReadOnlySpan<long> epochs)
{
    private readonly ReadOnlySpan<long> _epochs = epochs;

    public ulong Incarnation { get; } = incarnation;

    public long EpochOf(int slot) => (uint)slot < (uint)_epochs.Length ? _epochs[slot] : -1;
}

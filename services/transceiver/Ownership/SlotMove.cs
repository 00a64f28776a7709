namespace Dapr.Voice.Transceiver.Ownership;

/// <summary>What to do about one slot.</summary>
internal enum SlotMove
{
    /// <summary>The slot is not ours and should not be.</summary>
    Leave,

    /// <summary>The slot is ours and stays ours.</summary>
    Keep,

    /// <summary>Write ourselves into the record, with the next epoch.</summary>
    Claim,

    /// <summary>The record says that the slot is ours, but it is not served, because an answer of the store was lost. Serve it.</summary>
    Adopt,

    /// <summary>The slot is ours, but another live transceiver should own it. Return it once it has no sessions.</summary>
    GiveBack,

    /// <summary>This process serves the slot, and another owner has a higher epoch. Stop at once.</summary>
    Lost,
}

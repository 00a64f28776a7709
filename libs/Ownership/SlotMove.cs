namespace Dapr.Voice.Ownership;

/// <summary>What to do about one slot.</summary>
internal enum SlotMove
{
    /// <summary>The slot is not ours and should not be, or may not be yet.</summary>
    Leave,

    /// <summary>The slot is ours and stays ours.</summary>
    Keep,

    /// <summary>Write ourselves into the record, with the next epoch.</summary>
    Claim,

    /// <summary>
    /// The record says that the slot is ours, but it is not served: its owner handed it over, or the answer to our claim was lost. Serve
    /// it.
    /// </summary>
    Adopt,

    /// <summary>This process serves the slot, and the store has forgotten it. Write the record again, with the epoch that it had.</summary>
    Restore,

    /// <summary>The slot is ours, but another live transceiver should own it. Return it once it has no sessions.</summary>
    Withdraw,

    /// <summary>This process leaves. Return the slot.</summary>
    GiveBack,

    /// <summary>Another owner has the slot with a higher epoch. Stop at once.</summary>
    Lose,
}

namespace Dapr.Voice.Ownership;

/// <summary>Everything that the decision about one slot depends on.</summary>
/// <param name="Self">This process.</param>
/// <param name="Record">The slot's record as it was just read.</param>
/// <param name="Served">The epoch under which our workers serve the slot, or 0.</param>
/// <param name="HighestOfOthers">The highest epoch under which anybody else was seen to have the slot, or 0.</param>
internal readonly record struct SlotSituation(OwnerIdentity Self, SlotView Record, long Served = 0, long HighestOfOthers = 0)
{
    /// <summary>The rendezvous hash over the live transceivers assigns the slot to us.</summary>
    public bool IsPreferred { get; init; }

    /// <summary>The hash assigns the slot to another live transceiver.</summary>
    public bool IsForAnother { get; init; }

    /// <summary>Others know this process, and it stays.</summary>
    public bool MayClaim { get; init; }

    /// <summary>This process leaves, and its sessions are over.</summary>
    public bool IsLeaving { get; init; }

    /// <summary>The state of the owner in the record.</summary>
    public OwnerState Owner { get; init; }

    /// <summary>
    /// Whoever has a slot that the store has forgotten would have written it again. So what the store has forgotten may be claimed.
    /// </summary>
    public bool HaveAllWritten { get; init; }

    public RuleBreak Broken { get; init; }

    public SlotMove Decide()
    {
        bool isThere = Record.State == RecordState.Present;
        if (isThere && Record.Owner == Self)
        {
            if (IsLeaving) return SlotMove.GiveBack;
            // The store went back in time (a replica). Whoever serves a slot writes its record again.
            if (Served > Record.Epoch) return Broken == RuleBreak.NoRestore ? SlotMove.Keep : SlotMove.Restore;
            if (Served < Record.Epoch)
            {
                if (Broken == RuleBreak.NoAdoption) return SlotMove.Leave;
                // Another owner had this epoch or a later one, which the store has forgotten.
                bool isUsed = HighestOfOthers >= Record.Epoch
                    && Broken is not (RuleBreak.AdoptionOfAnEpochOfOthers or RuleBreak.ClaimIgnoresEpochsTold);
                if (isUsed) return HaveAllWritten ? SlotMove.Claim : SlotMove.Leave;
                return SlotMove.Adopt;
            }
            return IsForAnother ? SlotMove.Withdraw : SlotMove.Keep;
        }
        if (Served > 0)
        {
            if (!isThere || Record.Epoch < Served || Broken == RuleBreak.RestoreOverAHigherEpoch)
                return Broken == RuleBreak.NoRestore ? SlotMove.Keep : SlotMove.Restore;
            return Broken == RuleBreak.HigherEpochInTheStoreIsIgnored ? SlotMove.Keep : SlotMove.Lose;
        }
        if (IsLeaving || !MayClaim || !IsPreferred) return SlotMove.Leave;
        if (!isThere) return HaveAllWritten ? SlotMove.Claim : SlotMove.Leave;
        bool isFree = Record.Owner.IsNobody || Owner != OwnerState.Alive || Broken == RuleBreak.ClaimOfALivingOwner;
        return isFree ? SlotMove.Claim : SlotMove.Leave;
    }
}

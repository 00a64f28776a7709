namespace Dapr.Voice.Ownership;

/// <summary>
/// A rule that a test breaks, to see that the simulator finds it (tests/Simulation). The product always runs with <see cref="None"/>.
/// </summary>
internal enum RuleBreak
{
    None,

    // Whether an owner is alive.
    LeaseAloneSuffices,
    ProbeAloneSuffices,
    LeaseTooShort,
    AnswerIsNoSign,
    SuspicionIsProof,
    OtherProcessAtANameIsProof,
    ClosedPortAtANameIsProof,
    LookCountsWhenItEnds,
    OldSilenceCounts,
    EarlySilenceCounts,
    AnsweredProbeIsSilence,
    DrainingIsDead,
    StaleLookAtTheFleetIsProof,
    DeadStaysDead,
    LapsedOwnerIsCandidate,

    // Claims.
    ClaimKeepsTheEpoch,
    ClaimOfAFreeSlotKeepsTheEpoch,
    ClaimIgnoresEpochsTold,
    ClaimWithoutETag,
    ClaimOfALivingOwner,
    ServeBeforeWritten,
    ServeWhenUnknown,
    ServeOnConflict,
    TrustLateAnswers,
    NoRetry,
    NoAdoption,
    AdoptionOfAnEpochOfOthers,
    GiveBackGoesOnServing,
    GiveBackResetsTheEpoch,
    HandOverGoesOnServing,
    LateGiftIsForgotten,
    HandOverKeepsTheEpoch,

    // Being told.
    HigherEpochInTheStoreIsIgnored,
    HigherEpochToldIsIgnored,
    SupersededGoesOn,
    RegisterOverALivingProcess,

    // A store that lost its data.
    LostStoreIsEmptyStore,
    EmptyStoreIsFree,
    EmptyStoreWaitsTooShort,
    RelayViewIsTrustedAtOnce,
    LostStoreRestartsEpochs,
    NoRestore,
    RestoreOverAHigherEpoch,
    UnknownOwnerIsNobody,
    OwnerThatReturnsHadTime,

    // The fence.
    NoFence,
    FenceTooLate,
    FenceOpensByItself,
    FenceLiftedByOldConfirmation,
    ConfirmWithoutLooking,

    // The index lease, the relays and the runner, which the simulator models.
    IndexBeyondTheBound,
    BoundBeforeItIsWritten,
    BoundWhenUnknown,
    SuccessorStartsBelowTheBound,
    SuccessorRaisesNoBound,
    CheckpointWithoutETag,
    SuccessorSendsBeforeItsCheckpoint,
    RelayPassesStaleEpochs,
    WallClock,
}

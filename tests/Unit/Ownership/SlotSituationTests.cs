using Dapr.Voice.Ownership;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Ownership;

public sealed class SlotSituationTests
{
    private static readonly OwnerIdentity Self = new(1, 0xA), Before = new(1, 0xB), Other = new(2, 0xC);

    private static SlotMove Decide(
        OwnerIdentity? owner, long epoch, long served = 0, bool preferred = false, bool forAnother = false,
        OwnerState state = OwnerState.Alive, bool mayClaim = true, bool allWritten = false, bool leaving = false, long others = 0)
        => new SlotSituation(Self, owner is { } known ? new SlotView(RecordState.Present, known, epoch, "1")
            : new SlotView(RecordState.Missing), served, others)
        {
            IsPreferred = preferred, IsForAnother = forAnother, MayClaim = mayClaim, Owner = state, HaveAllWritten = allWritten,
            IsLeaving = leaving,
        }.Decide();

    [Fact]
    public void GivenBack_Preferred_IsClaimed()
    {
        Assert.Equal(SlotMove.Claim, Decide(OwnerIdentity.Nobody, 4, preferred: true));
        Assert.Equal(SlotMove.Leave, Decide(OwnerIdentity.Nobody, 4, forAnother: true));
    }

    [Fact]
    public void WithoutARecord_Preferred_IsClaimedWhenNobodyCanHaveIt()
    {
        Assert.Equal(SlotMove.Claim, Decide(null, 0, preferred: true, allWritten: true));
        Assert.Equal(SlotMove.Leave, Decide(null, 0, preferred: true));
        Assert.Equal(SlotMove.Leave, Decide(null, 0, allWritten: true));
    }

    [Fact]
    public void OfALiveOwner_Preferred_IsLeftUntilGivenBack()
        => Assert.Equal(SlotMove.Leave, Decide(Other, 4, preferred: true));

    [Fact]
    public void OfADeadOwner_Preferred_IsClaimed()
    {
        Assert.Equal(SlotMove.Claim, Decide(Other, 4, preferred: true, state: OwnerState.Gone));
        Assert.Equal(SlotMove.Claim, Decide(Other, 4, preferred: true, state: OwnerState.Silent));
        Assert.Equal(SlotMove.Leave, Decide(Other, 4, forAnother: true, state: OwnerState.Silent));
    }

    [Fact]
    public void OfOurOwnFormerProcess_Preferred_IsClaimed()
        => Assert.Equal(SlotMove.Claim, Decide(Before, 4, preferred: true, state: OwnerState.Gone));

    [Fact]
    public void Claim_WithoutALeaseOfOurOwn_IsNotMade()
        => Assert.Equal(SlotMove.Leave, Decide(OwnerIdentity.Nobody, 4, preferred: true, mayClaim: false));

    [Fact]
    public void Ours_Preferred_IsKeptOrAdopted()
    {
        Assert.Equal(SlotMove.Keep, Decide(Self, 4, served: 4, preferred: true));
        Assert.Equal(SlotMove.Adopt, Decide(Self, 4, preferred: true));
        // Another transceiver handed it over to us.
        Assert.Equal(SlotMove.Adopt, Decide(Self, 5, served: 4));
    }

    [Fact]
    public void Ours_WhileSomebodyHasSeenAHigherEpoch_IsClaimedAboveIt()
    {
        Assert.Equal(SlotMove.Claim, Decide(Self, 4, others: 5, allWritten: true));
        Assert.Equal(SlotMove.Leave, Decide(Self, 4, others: 5));
        // A late write of ours brought a record back that another owner had meanwhile.
        Assert.Equal(SlotMove.Claim, Decide(Self, 4, others: 4, allWritten: true));
        Assert.Equal(SlotMove.Adopt, Decide(Self, 4, others: 3));
    }

    [Fact]
    public void Ours_ForAnother_IsWithdrawn()
    {
        Assert.Equal(SlotMove.Withdraw, Decide(Self, 4, served: 4, forAnother: true));
        // Nobody is there who could have it.
        Assert.Equal(SlotMove.Keep, Decide(Self, 4, served: 4));
    }

    [Fact]
    public void Ours_WhenWeLeave_IsGivenBack()
        => Assert.Equal(SlotMove.GiveBack, Decide(Self, 4, preferred: true, leaving: true));

    [Fact]
    public void Served_RecordOfAnotherWithTheSameOrAHigherEpoch_IsLost()
    {
        Assert.Equal(SlotMove.Lose, Decide(Other, 5, served: 4, preferred: true));
        Assert.Equal(SlotMove.Lose, Decide(Other, 4, served: 4, preferred: true));
    }

    [Fact]
    public void Served_StoreForgotIt_IsRestored()
    {
        Assert.Equal(SlotMove.Restore, Decide(null, 0, served: 4, forAnother: true));
        Assert.Equal(SlotMove.Restore, Decide(Other, 3, served: 4));
        Assert.Equal(SlotMove.Restore, Decide(Self, 3, served: 4));
    }
}

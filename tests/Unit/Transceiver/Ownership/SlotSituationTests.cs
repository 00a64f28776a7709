using Dapr.Voice.Contracts;
using Dapr.Voice.Transceiver.Ownership;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Ownership;

public sealed class SlotSituationTests
{
    private static readonly OwnerIdentity Self = new(1, "me");

    private static SlotRecord Record(int? shard, string? incarnation, long epoch) => new("local", 5, shard, incarnation, epoch);

    private static SlotMove Decide(SlotRecord? record, long? served, bool preferred, bool ownerAlive = false, bool hadLiveOwner = false)
        => new SlotSituation(Self, record, served, preferred, ownerAlive, hadLiveOwner).Decide();

    [Fact]
    public void Free_Preferred_IsClaimed()
    {
        Assert.Equal(SlotMove.Claim, Decide(null, null, preferred: true));
        Assert.Equal(SlotMove.Claim, Decide(Record(null, null, 4), null, preferred: true));
    }

    [Fact]
    public void Free_NotPreferred_IsLeft()
    {
        Assert.Equal(SlotMove.Leave, Decide(null, null, preferred: false));
        Assert.Equal(SlotMove.Leave, Decide(Record(null, null, 4), null, preferred: false));
    }

    [Fact]
    public void OfALiveOwner_Preferred_IsLeftUntilGivenBack()
        => Assert.Equal(SlotMove.Leave, Decide(Record(2, "other", 4), null, preferred: true, ownerAlive: true));

    [Fact]
    public void OfADeadOwner_Preferred_IsClaimed()
        => Assert.Equal(SlotMove.Claim, Decide(Record(2, "other", 4), null, preferred: true));

    [Fact]
    public void OfOurOwnFormerProcess_Preferred_IsClaimed()
        => Assert.Equal(SlotMove.Claim, Decide(Record(1, "me before", 4), null, preferred: true));

    [Fact]
    public void Ours_Preferred_IsKeptOrAdopted()
    {
        Assert.Equal(SlotMove.Keep, Decide(Record(1, "me", 4), 4, preferred: true, ownerAlive: true));
        Assert.Equal(SlotMove.Adopt, Decide(Record(1, "me", 4), null, preferred: true, ownerAlive: true));
    }

    [Fact]
    public void Ours_ForAnother_IsGivenBack()
        => Assert.Equal(SlotMove.GiveBack, Decide(Record(1, "me", 4), 4, preferred: false, ownerAlive: true));

    [Fact]
    public void Served_RecordOfAnotherWithTheSameOrAHigherEpoch_IsLost()
    {
        Assert.Equal(SlotMove.Lost, Decide(Record(2, "other", 5), 4, preferred: true, ownerAlive: true));
        Assert.Equal(SlotMove.Lost, Decide(Record(2, "other", 4), 4, preferred: true, ownerAlive: true));
    }

    [Fact]
    public void Served_StoreForgotIt_IsWrittenAnew()
    {
        Assert.Equal(SlotMove.Claim, Decide(null, 4, preferred: false));
        Assert.Equal(SlotMove.Leave, Decide(null, null, preferred: true, hadLiveOwner: true));
    }
}

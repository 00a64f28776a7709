using Dapr.Voice.Contracts;
using Dapr.Voice.Ownership;
using Dapr.Voice.Transceiver.Ownership;
using Dapr.Voice.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Ownership;

public sealed class SlotKeeperTests
{
    private readonly SimulatedFleet _fleet = new();

    /// <summary>Two transceivers in a region that is an hour old, so to speak.</summary>
    private async Task StartTwoAsync()
    {
        _fleet.Start(0);
        _fleet.Start(1);
        await _fleet.RunAsync(6);
        _fleet.AssertSettled();
    }

    [Fact]
    public async Task OneTransceiver_InAnEmptyStore_OwnsEverySlotAfterALease()
    {
        _fleet.Start(0);
        await _fleet.RunAsync(2.25);
        Assert.Equal(0, _fleet.Members[0].Table.ServedCount);
        await _fleet.RunAsync(1);
        _fleet.AssertSettled();
        Assert.Equal(SimulatedFleet.Slots, _fleet.Members[0].Table.ServedCount);
        Assert.Equal(1, _fleet.Record(0)!.Epoch);
        Assert.True(_fleet.Members[0].Keeper.Status.IsAdmitting(_fleet.Now));
    }

    [Fact]
    public async Task OneTransceiver_WhenARelayKnowsNoOwner_OwnsEverySlotSooner()
    {
        _fleet.Start(0);
        await _fleet.RunAsync(0.5);
        _fleet.Members[0].Keeper.NoteRelayView();
        await _fleet.RunAsync(1.25);
        _fleet.AssertSettled();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    public async Task StoreAway_AndBack_TheLogSaysThatOwnershipGoesOn(int seconds)
    {
        _fleet.Start(0);
        await _fleet.RunAsync(1);
        _fleet.Store.IsAway = true;
        await _fleet.RunAsync(seconds);
        Assert.Contains("Ownership stands still", _fleet.Log.Lines.Last(), StringComparison.Ordinal);
        _fleet.Store.IsAway = false;
        await _fleet.RunAsync(2);
        Assert.Single(_fleet.Log.Lines, l => l.StartsWith("Information Ownership goes on", StringComparison.Ordinal));
    }

    [Fact]
    public async Task SecondTransceiver_WithoutSessions_GetsItsShare()
    {
        _fleet.Start(0);
        await _fleet.RunAsync(4);
        _fleet.Start(1);
        await _fleet.RunAsync(4);
        _fleet.AssertSettled();
        Assert.InRange(_fleet.Members[1].Table.ServedCount, SimulatedFleet.Slots / 4, SimulatedFleet.Slots * 3 / 4);
    }

    [Fact]
    public async Task FourTransceivers_StartedTogether_SpreadWithinTheBoundsOfTheHash()
    {
        for (int shard = 0; shard < 4; shard++) _fleet.Start(shard);
        await _fleet.RunAsync(8);
        _fleet.AssertSettled();
        // 16 each on average; a binomial share strays by more than 12 once in a thousand.
        Assert.All(_fleet.Members.Values, m => Assert.InRange(m.Table.ServedCount, 4, 28));
    }

    [Fact]
    public async Task SlotWithSessions_StaysUntilTheyAreOver()
    {
        _fleet.Start(0);
        await _fleet.RunAsync(4);
        SlotTable first = _fleet.Members[0].Table;
        for (int slot = 0; slot < SimulatedFleet.Slots; slot++) Assert.True(first.TryEnter(slot));
        _fleet.Start(1);
        await _fleet.RunAsync(5);
        Assert.Equal(SimulatedFleet.Slots, first.ServedCount);
        Assert.Equal(0, _fleet.Members[1].Table.ServedCount);
        for (int slot = 0; slot < SimulatedFleet.Slots; slot++) first.Exit(slot);
        await _fleet.RunAsync(12);
        _fleet.AssertSettled();
        Assert.NotEqual(0, _fleet.Members[1].Table.ServedCount);
    }

    [Fact]
    public async Task OwnerKilled_RelaySaysSo_SlotsAreTakenInTheSameStep()
    {
        await StartTwoAsync();
        SimulatedFleet.Member dead = _fleet.Members[1];
        int lost = _fleet.SlotOf(dead);
        long epoch = _fleet.Record(lost)!.Epoch;
        _fleet.Kill(1);
        _fleet.Events.Clear();
        _fleet.Members[0].Keeper.NoteSuspected(1, dead.Self.Incarnation);
        await _fleet.StepAsync(0);
        _fleet.AssertSettled();
        Assert.Equal((0, epoch + 1), (_fleet.Record(lost)!.Shard, _fleet.Record(lost)!.Epoch));
        Assert.Contains(
            new OwnershipEvent(OwnershipEventKind.SlotMoved, 0, lost, 1, epoch + 1, SlotMoveCause.OwnerGone), _fleet.Events);
    }

    [Fact]
    public async Task OwnerKilled_NobodySaysSo_SlotsAreTakenWithinALease()
    {
        await StartTwoAsync();
        _fleet.Kill(1);
        await _fleet.RunAsync(1.5);
        _fleet.AssertSettled();
    }

    [Fact]
    public async Task OwnerSuspected_ThatAnswers_KeepsItsSlots()
    {
        await StartTwoAsync();
        int served = _fleet.Members[1].Table.ServedCount;
        _fleet.Members[0].Keeper.NoteSuspected(1, _fleet.Members[1].Self.Incarnation);
        await _fleet.RunAsync(1);
        Assert.Equal(served, _fleet.Members[1].Table.ServedCount);
    }

    [Fact]
    public async Task OwnerFrozen_ForTwoSeconds_KeepsItsSlots()
    {
        await StartTwoAsync();
        SimulatedFleet.Member frozen = _fleet.Freeze(1);
        await _fleet.RunAsync(2);
        _fleet.Continue(frozen);
        await _fleet.RunAsync(5);
        Assert.Equal(0, frozen.Keeper.SlotsLost);
        _fleet.AssertSettled();
    }

    [Fact]
    public async Task OwnerFrozen_ForThreeSeconds_IsReplaced()
    {
        await StartTwoAsync();
        _fleet.Freeze(1);
        await _fleet.RunAsync(3);
        _fleet.AssertSettled();
    }

    [Fact]
    public async Task OwnerThatCannotReachTheStore_AndAnswers_KeepsItsSlots()
    {
        await StartTwoAsync();
        // It lives and answers, but its loop never gets through to the store.
        SimulatedFleet.Member cut = _fleet.Members[1];
        _fleet.Members.Remove(1);
        await _fleet.RunAsync(60);
        Assert.Equal(SimulatedFleet.Slots - cut.Table.ServedCount, _fleet.Members[0].Table.ServedCount);
    }

    [Theory]
    [InlineData("udp://10.0.0.4:20000", "", true)]
    [InlineData("tcp://10.0.0.4:20000", "", true)]
    [InlineData("tcp://transceiver-00:20000", "tcp://transceiver-00:20000", false)]
    public async Task OwnerRestarted_AtTheSameEndpoint_WaitsForTheLeaseWhereTheEndpointProvesNothing(
        string link, string advertised, bool isAtOnce)
    {
        _fleet.Start(0, link, advertised);
        await _fleet.RunAsync(4);
        _fleet.Kill(0);
        _fleet.Start(0, link, advertised);
        await _fleet.StepAsync(0);
        Assert.Equal(isAtOnce ? SimulatedFleet.Slots : 0, _fleet.Members[0].Table.ServedCount);
        await _fleet.RunAsync(4);
        _fleet.AssertSettled();
        Assert.Equal(2, _fleet.Record(0)!.Epoch);
    }

    [Fact]
    public async Task OwnerRestarted_Elsewhere_TakesItsSlotsBackWhenTheOldPortIsSeenClosed()
    {
        _fleet.Start(0);
        await _fleet.RunAsync(4);
        _fleet.Kill(0);
        _fleet.Start(0);
        await _fleet.RunAsync(0.5);
        Assert.Equal(0, _fleet.Members[0].Table.ServedCount);
        await _fleet.RunAsync(1);
        _fleet.AssertSettled();
        Assert.Equal(2, _fleet.Record(0)!.Epoch);
    }

    [Fact]
    public async Task Leaving_GivesEverySlotBack_AndTheNextStepTakesThem()
    {
        await StartTwoAsync();
        await _fleet.LeaveAsync(1);
        await _fleet.RunAsync(1);
        _fleet.AssertSettled();
        Assert.Equal(SimulatedFleet.Slots, _fleet.Members[0].Table.ServedCount);
        Assert.Contains(new OwnershipEvent(OwnershipEventKind.Left, 1), _fleet.Events);
    }

    [Fact]
    public async Task Draining_IsNotAdmittingAndLosesItsShare()
    {
        await StartTwoAsync();
        _fleet.Members[1].Keeper.StartDraining();
        Assert.False(_fleet.Members[1].Keeper.Status.IsAdmitting(_fleet.Now));
        int share = _fleet.Members[1].Table.ServedCount;
        await _fleet.RunAsync(3);
        // Its sessions may be on their way.
        Assert.Equal(share, _fleet.Members[1].Table.ServedCount);
        _fleet.Members[1].Keeper.NoteMoved();
        await _fleet.RunAsync(3);
        _fleet.AssertSettled();
        Assert.Equal(0, _fleet.Members[1].Table.ServedCount);
        Assert.Contains(new OwnershipEvent(OwnershipEventKind.Draining, 1), _fleet.Events);
    }

    /// <summary>It leaves its slots without sessions to others, keeps those with sessions, and gets its share back.</summary>
    [Fact]
    public async Task Unfit_KeepsOnlySlotsWithSessions()
    {
        await StartTwoAsync();
        SlotTable table = _fleet.Members[1].Table;
        int share = table.ServedCount, busy = Enumerable.Range(0, SimulatedFleet.Slots).First(table.IsServed);
        Assert.True(table.TryEnter(busy));
        _fleet.Members[1].Keeper.NoteFit(false);
        await _fleet.RunAsync(3);
        Assert.Equal((1, true), (table.ServedCount, table.IsServed(busy)));
        Assert.Equal(SimulatedFleet.Slots - 1, _fleet.Members[0].Table.ServedCount);
        table.Exit(busy);
        _fleet.Members[1].Keeper.NoteFit(true);
        await _fleet.RunAsync(5);
        _fleet.AssertSettled();
        Assert.Equal(share, table.ServedCount);
    }

    [Fact]
    public async Task StoreAway_SlotsAreKept_NothingNewIsAdmitted()
    {
        await StartTwoAsync();
        int[] before = [.. _fleet.Members.Values.Select(m => m.Table.ServedCount)];
        _fleet.Store.IsAway = true;
        await _fleet.RunAsync(60);
        Assert.Equal(before, _fleet.Members.Values.Select(m => m.Table.ServedCount));
        Assert.All(_fleet.Members.Values, m => Assert.False(m.Keeper.Status.IsAdmitting(_fleet.Now)));
        Assert.All(_fleet.Members.Values, m => Assert.NotNull(m.Keeper.Status.Problem));
        _fleet.Store.IsAway = false;
        await _fleet.RunAsync(3);
        _fleet.AssertSettled();
        Assert.Equal(before, _fleet.Members.Values.Select(m => m.Table.ServedCount));
        Assert.All(_fleet.Members.Values, m => Assert.True(m.Keeper.Status.IsAdmitting(_fleet.Now)));
    }

    [Fact]
    public async Task StoreComesBackEmpty_OwnersWriteTheirSlotsAgainWithTheEpochsTheyHad()
    {
        await StartTwoAsync();
        int[] before = [.. _fleet.Members.Values.Select(m => m.Table.ServedCount)];
        long[] epochs = [.. Enumerable.Range(0, SimulatedFleet.Slots).Select(slot => _fleet.Record(slot)!.Epoch)];
        _fleet.Store.Wipe();
        await _fleet.RunAsync(1);
        _fleet.AssertSettled();
        Assert.Equal(before, _fleet.Members.Values.Select(m => m.Table.ServedCount));
        Assert.Equal(epochs, Enumerable.Range(0, SimulatedFleet.Slots).Select(slot => _fleet.Record(slot)!.Epoch));
    }

    // Issue 12: the transceiver that registered first claimed all 64 slots, and the other one ended its 14 calls.
    [Theory]
    [InlineData(3)]
    [InlineData(20)]
    public async Task StoreComesBackEmpty_OneOwnerReachesItLater_NobodyClaimsItsSlots(int seconds)
    {
        await StartTwoAsync();
        SimulatedFleet.Member late = _fleet.Members[1];
        int served = late.Table.ServedCount;
        _fleet.Store.Wipe();
        _fleet.Members.Remove(1);
        await _fleet.RunAsync(seconds);
        _fleet.Members[1] = late;
        await _fleet.RunAsync(2);
        Assert.Equal(served, late.Table.ServedCount);
        Assert.Equal(0, late.Keeper.SlotsLost);
        _fleet.AssertSettled();
    }

    // Not before: somebody may have taken them before the data were lost.
    [Fact]
    public async Task StoreComesBackEmpty_AnOwnerIsDead_ItsSlotsAreTakenWithAHigherEpochAfterALease()
    {
        await StartTwoAsync();
        int lost = _fleet.SlotOf(_fleet.Members[1]);
        _fleet.Kill(1);
        _fleet.Store.Wipe();
        await _fleet.RunAsync(1.5);
        Assert.Null(_fleet.Record(lost));
        await _fleet.RunAsync(2.5);
        _fleet.AssertSettled();
        Assert.Equal(2, _fleet.Record(lost)!.Epoch);
    }

    [Fact]
    public async Task StoreComesBackEmpty_ANewTransceiverIsFirst_ClaimsNothingBeforeTheOwnersAreBack()
    {
        await StartTwoAsync();
        SimulatedFleet.Member[] owners = [.. _fleet.Members.Values];
        _fleet.Members.Clear();
        _fleet.Store.Wipe();
        _fleet.Start(2);
        await _fleet.RunAsync(1.5);
        Assert.Equal(0, _fleet.Members[2].Table.ServedCount);
        foreach (SimulatedFleet.Member owner in owners) _fleet.Members[owner.Self.Shard] = owner;
        await _fleet.RunAsync(8);
        Assert.All(owners, owner => Assert.Equal(0, owner.Keeper.SlotsLost));
        _fleet.AssertSettled();
    }

    [Fact]
    public async Task EpochThatARelayHasSeen_HigherThanOurs_StopsServingAndIsNeverReached()
    {
        await StartTwoAsync();
        SimulatedFleet.Member owner = _fleet.Members[0];
        int slot = _fleet.SlotOf(owner);
        owner.Keeper.NoteEpochSeen(slot, 7);
        await _fleet.StepAsync(0);
        Assert.NotEqual(1, owner.Table.EpochOf(slot));
        await _fleet.RunAsync(3);
        Assert.Equal(8, _fleet.Record(slot)!.Epoch);
        _fleet.AssertSettled();
    }

    [Fact]
    public async Task Frozen_ThenContinued_LosesWhatOthersTookBeforeItIsConfirmed()
    {
        await StartTwoAsync();
        SimulatedFleet.Member frozen = _fleet.Freeze(1);
        int served = frozen.Table.ServedCount;
        await _fleet.RunAsync(10);
        Instant continued = _fleet.Now;
        _fleet.Continue(frozen);
        Assert.True(frozen.Table.ConfirmedAt < continued);
        frozen.Table.WantConfirmation();
        await _fleet.StepAsync(1);
        Assert.Equal(served, frozen.Keeper.SlotsLost);
        Assert.Equal(0, frozen.Table.ServedCount);
        Assert.True(frozen.Table.ConfirmedAt >= continued);
        await _fleet.RunAsync(5);
        _fleet.AssertSettled();
        Assert.Equal(served, frozen.Table.ServedCount);
    }

    [Fact]
    public async Task HandOver_ToALivingTransceiver_MovesTheSlotWithTheNextEpoch()
    {
        await StartTwoAsync();
        SimulatedFleet.Member giver = _fleet.Members[1], taker = _fleet.Members[0];
        int slot = _fleet.SlotOf(giver);
        Assert.True(giver.Table.TryEnter(slot));
        Task<bool> handOver = giver.Keeper.HandOverAsync(slot, 0, taker.Self.Incarnation);
        await _fleet.StepAsync(1);
        Assert.True(await handOver);
        Assert.False(giver.Table.IsServed(slot));
        Assert.Equal(0, giver.Keeper.SlotsLost);
        taker.Keeper.NoteHandedOver(slot, 2, 1);
        await _fleet.StepAsync(0);
        Assert.Equal(2, taker.Table.EpochOf(slot));
        Assert.Contains(new OwnershipEvent(OwnershipEventKind.SlotMoved, 0, slot, 1, 2, SlotMoveCause.HandedOver), _fleet.Events);
    }

    [Fact]
    public async Task HandOver_OfASlotThatPrefersTheGiver_StaysWithTheTaker()
    {
        await StartTwoAsync();
        SimulatedFleet.Member giver = _fleet.Members[1], taker = _fleet.Members[0];
        int slot = _fleet.SlotOf(giver);
        Task<bool> handOver = giver.Keeper.HandOverAsync(slot, 0, taker.Self.Incarnation);
        await _fleet.StepAsync(1);
        Assert.True(await handOver);
        // Its sessions have not come yet, and nobody has read the giver's record since it began to leave.
        taker.Keeper.NoteHandedOver(slot, 2, 1);
        await _fleet.RunAsync(1);
        Assert.Equal(2, taker.Table.EpochOf(slot));
        await _fleet.RunAsync(1);
        Assert.Equal(2, taker.Table.EpochOf(slot));
    }

    [Fact]
    public async Task HandOver_OfASlotThatIsNotOurs_Fails()
    {
        await StartTwoAsync();
        int slot = _fleet.SlotOf(_fleet.Members[1]);
        Task<bool> handOver = _fleet.Members[0].Keeper.HandOverAsync(slot, 2, 99);
        await _fleet.StepAsync(0);
        Assert.False(await handOver);
        Assert.Equal(1, _fleet.Record(slot)!.Shard);
    }

    [Fact]
    public async Task ClocksOfTheDay_FarApart_ChangeNothing()
    {
        await StartTwoAsync();
        // The record of the other one seems to be an hour old: only its changes count.
        string key = StateKeys.Transceiver("local", 1);
        TransceiverRecord record = _fleet.Store.Peek(ComponentNames.Sessions, key, ContractsJson.Default.TransceiverRecord)!;
        SimulatedFleet.Member other = _fleet.Members[1];
        _fleet.Members.Remove(1);
        for (int beat = 0; beat < 40; beat++)
        {
            _fleet.Store.Put(ComponentNames.Sessions, key, record with { LeaseUntil = record.LeaseUntil.AddHours(-1), Beat = beat },
                ContractsJson.Default.TransceiverRecord);
            await _fleet.RunAsync(0.25);
        }
        Assert.Equal(SimulatedFleet.Slots - other.Table.ServedCount, _fleet.Members[0].Table.ServedCount);
        Assert.Equal(0, _fleet.Peers.Asked);
    }

    [Fact]
    public async Task Steady_ReadsTheFleetFourTimesPerSecondAndTheSlotsEveryTwo()
    {
        _fleet.Start(0);
        await _fleet.RunAsync(20);
        int reads = _fleet.Store.Reads, writes = _fleet.Store.Writes;
        await _fleet.RunAsync(100);
        Assert.Equal(450, _fleet.Store.Reads - reads);
        Assert.Equal(400, _fleet.Store.Writes - writes);
    }

    [Fact]
    public void AnyTroubles_NeverTwoOwnersOfAnEpoch_AndItSettlesAfterwards()
    {
        // 0..3 start, 4..7 kill, 8..11 leave, 12 store away, 13 store back, 14 answers get lost, 15 no longer, 16.. time passes.
        Gen<int[]> troubles = Gen.Choose(0, 24).ArrayOf(40);
        Prop.ForAll(troubles.ToArbitrary(), events => Play(events).GetAwaiter().GetResult())
            .Check(Config.QuickThrowOnFailure.WithMaxTest(60));
    }

    private static async Task<bool> Play(int[] events)
    {
        var fleet = new SimulatedFleet();
        var random = new Random(events.Sum());
        foreach (int trouble in events)
        {
            int shard = trouble % 4;
            if (trouble < 4 && !fleet.Members.ContainsKey(shard)) fleet.Start(shard);
            else if (trouble is >= 4 and < 8) fleet.Kill(shard);
            else if (trouble is >= 8 and < 12 && fleet.Members.ContainsKey(shard) && !fleet.Store.IsAway) await fleet.LeaveAsync(shard);
            else if (trouble == 12) fleet.Store.IsAway = true;
            else if (trouble == 13) fleet.Store.IsAway = false;
            else if (trouble == 14) fleet.Store.LosesAnswer = _ => random.Next(3) == 0;
            else if (trouble == 15) fleet.Store.LosesAnswer = static _ => false;
            else
            {
                fleet.Advance(TimeSpan.FromMilliseconds(random.Next(100, 1500)));
                await fleet.StepAsync([.. Enumerable.Range(0, 4).Where(_ => random.Next(4) > 0).OrderBy(_ => random.Next())]);
            }
        }
        fleet.Store.IsAway = false;
        fleet.Store.LosesAnswer = static _ => false;
        if (fleet.Members.Count == 0) fleet.Start(0);
        await fleet.RunAsync(30);
        fleet.AssertSettled();
        return true;
    }
}

using Dapr.Voice.Contracts;
using Dapr.Voice.Transceiver.Ownership;
using Dapr.Voice.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Ownership;

public sealed class SlotKeeperTests
{
    private readonly SimulatedFleet _fleet = new();

    [Fact]
    public async Task OneTransceiver_AfterItsFirstStep_OwnsEverySlot()
    {
        _fleet.Start(0);
        await _fleet.RunAsync(1);
        _fleet.AssertSettled();
        Assert.Equal(SimulatedFleet.Slots, _fleet.Members[0].Table.ServedCount);
        Assert.Equal(1, _fleet.Record(0)!.Epoch);
        Assert.True(_fleet.Members[0].Keeper.Status.IsAdmitting(new Instant(_fleet.Now.Ticks)));
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
        await _fleet.RunAsync(2);
        _fleet.Start(1);
        await _fleet.RunAsync(4);
        _fleet.AssertSettled();
        Assert.InRange(_fleet.Members[1].Table.ServedCount, SimulatedFleet.Slots / 4, SimulatedFleet.Slots * 3 / 4);
    }

    [Fact]
    public async Task FourTransceivers_StartedTogether_SpreadWithinTheBoundsOfTheHash()
    {
        for (int shard = 0; shard < 4; shard++) _fleet.Start(shard);
        await _fleet.RunAsync(6);
        _fleet.AssertSettled();
        // 16 each on average; a binomial share strays by more than 12 once in a thousand.
        Assert.All(_fleet.Members.Values, m => Assert.InRange(m.Table.ServedCount, 4, 28));
    }

    [Fact]
    public async Task SlotWithSessions_StaysUntilTheyAreOver()
    {
        _fleet.Start(0);
        await _fleet.RunAsync(1);
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
    public async Task OwnerKilled_AfterItsLease_SlotsAreTakenWithTheNextEpoch()
    {
        _fleet.Start(0);
        _fleet.Start(1);
        await _fleet.RunAsync(5);
        int lost = Enumerable.Range(0, SimulatedFleet.Slots).First(_fleet.Members[1].Table.IsServed);
        long epoch = _fleet.Record(lost)!.Epoch;
        _fleet.Kill(1);
        await _fleet.RunAsync(2);
        Assert.Equal(1, _fleet.Record(lost)!.Shard);
        await _fleet.RunAsync(3);
        _fleet.AssertSettled();
        Assert.Equal((0, epoch + 1), (_fleet.Record(lost)!.Shard, _fleet.Record(lost)!.Epoch));
    }

    [Theory]
    [InlineData("udp://10.0.0.4:20000", "", true)]
    [InlineData("tcp://10.0.0.4:20000", "", true)]
    [InlineData("tcp://transceiver-00:20000", "tcp://transceiver-00:20000", false)]
    public async Task OwnerRestarted_AtTheSameEndpoint_WaitsForTheLeaseWhereTheEndpointProvesNothing(
        string link, string advertised, bool isAtOnce)
    {
        _fleet.Start(0, link, advertised);
        await _fleet.RunAsync(2);
        _fleet.Kill(0);
        _fleet.Start(0, link, advertised);
        await _fleet.StepAsync(0);
        Assert.Equal(isAtOnce ? SimulatedFleet.Slots : 0, _fleet.Members[0].Table.ServedCount);
        await _fleet.RunAsync(4);
        _fleet.AssertSettled();
    }

    [Fact]
    public async Task OwnerRestarted_AsAnotherProcess_TakesItsSlotsBackAfterTheLease()
    {
        _fleet.Start(0);
        await _fleet.RunAsync(2);
        _fleet.Kill(0);
        _fleet.Start(0);
        await _fleet.RunAsync(2);
        Assert.Equal(0, _fleet.Members[0].Table.ServedCount);
        await _fleet.RunAsync(3);
        _fleet.AssertSettled();
        Assert.Equal(2, _fleet.Record(0)!.Epoch);
    }

    [Fact]
    public async Task Leaving_GivesEverySlotBack_AndTheNextStepTakesThem()
    {
        _fleet.Start(0);
        _fleet.Start(1);
        await _fleet.RunAsync(5);
        await _fleet.LeaveAsync(1);
        await _fleet.RunAsync(1);
        _fleet.AssertSettled();
        Assert.Equal(SimulatedFleet.Slots, _fleet.Members[0].Table.ServedCount);
    }

    [Fact]
    public async Task Draining_IsNotAdmittingAndLosesItsShare()
    {
        _fleet.Start(0);
        _fleet.Start(1);
        await _fleet.RunAsync(5);
        _fleet.Members[1].Keeper.StartDraining();
        Assert.False(_fleet.Members[1].Keeper.Status.IsAdmitting(new Instant(_fleet.Now.Ticks)));
        await _fleet.RunAsync(3);
        _fleet.AssertSettled();
        Assert.Equal(0, _fleet.Members[1].Table.ServedCount);
    }

    [Fact]
    public async Task StoreAway_SlotsAreKept_NothingNewIsAdmitted()
    {
        _fleet.Start(0);
        _fleet.Start(1);
        await _fleet.RunAsync(5);
        int[] before = [.. _fleet.Members.Values.Select(m => m.Table.ServedCount)];
        _fleet.Store.IsAway = true;
        await _fleet.RunAsync(60);
        Assert.Equal(before, _fleet.Members.Values.Select(m => m.Table.ServedCount));
        Assert.All(_fleet.Members.Values, m => Assert.False(m.Keeper.Status.IsAdmitting(new Instant(_fleet.Now.Ticks))));
        Assert.All(_fleet.Members.Values, m => Assert.NotNull(m.Keeper.Status.Problem));
        _fleet.Store.IsAway = false;
        await _fleet.RunAsync(3);
        _fleet.AssertSettled();
        Assert.Equal(before, _fleet.Members.Values.Select(m => m.Table.ServedCount));
        Assert.All(_fleet.Members.Values, m => Assert.True(m.Keeper.Status.IsAdmitting(new Instant(_fleet.Now.Ticks))));
    }

    [Fact]
    public async Task StoreComesBackEmpty_OwnersWriteTheirSlotsAnewWithHigherEpochs()
    {
        _fleet.Start(0);
        _fleet.Start(1);
        await _fleet.RunAsync(5);
        int[] before = [.. _fleet.Members.Values.Select(m => m.Table.ServedCount)];
        _fleet.Store.Wipe();
        await _fleet.RunAsync(2);
        _fleet.AssertSettled();
        Assert.Equal(before, _fleet.Members.Values.Select(m => m.Table.ServedCount));
        Assert.Equal(2, _fleet.Record(Enumerable.Range(0, 64).First(_fleet.Members[0].Table.IsServed))!.Epoch);
    }

    [Fact]
    public async Task Frozen_ThenContinued_LosesWhatOthersTook()
    {
        _fleet.Start(0);
        _fleet.Start(1);
        await _fleet.RunAsync(5);
        SimulatedFleet.Member frozen = _fleet.Members[1];
        int served = frozen.Table.ServedCount;
        _fleet.Kill(1);
        await _fleet.RunAsync(10);
        _fleet.Members[1] = frozen;
        await _fleet.RunAsync(1);
        Assert.Equal(served, frozen.Keeper.SlotsLost);
        await _fleet.RunAsync(5);
        _fleet.AssertSettled();
        Assert.Equal(served, frozen.Table.ServedCount);
    }

    [Fact]
    public async Task Steady_ReadsTheFleetOncePerSecondAndTheSlotsEveryTen()
    {
        _fleet.Start(0);
        await _fleet.RunAsync(20);
        int reads = _fleet.Store.Reads, writes = _fleet.Store.Writes;
        await _fleet.RunAsync(100);
        Assert.Equal(110, _fleet.Store.Reads - reads);
        Assert.Equal(100, _fleet.Store.Writes - writes);
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
            else if (trouble is >= 8 and < 12 && fleet.Members.ContainsKey(shard)) await fleet.LeaveAsync(shard);
            else if (trouble == 12) fleet.Store.IsAway = true;
            else if (trouble == 13) fleet.Store.IsAway = false;
            else if (trouble == 14) fleet.Store.LosesAnswer = _ => random.Next(3) == 0;
            else if (trouble == 15) fleet.Store.LosesAnswer = static _ => false;
            else
            {
                fleet.Advance(TimeSpan.FromMilliseconds(random.Next(200, 2000)));
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

using Dapr.Voice.Contracts;
using Dapr.Voice.Signaling.Placement;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Signaling;

public sealed class PlacementTests
{
    [Theory]
    [InlineData(7, 80, true)]
    [InlineData(8, 80, false)]
    [InlineData(8, 4.9, true)]
    public void HasRoom_OfALateOwner_IsJudgedOnlyWithSessionsEnoughToBeTheCause(int sessions, double lateness, bool expected)
    {
        var record = new TransceiverRecord("local", 0, "a", "transceiver-00", [], 100, sessions, lateness, false, DateTimeOffset.UnixEpoch);
        Assert.Equal(expected, new OwnerLoad(record, [1], maximumLatenessMilliseconds: 5).HasRoom);
    }

    [Fact]
    public async Task Place_SeveralOwners_UsesOnlySlotsOfTheOneChosen()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync();
        await signaling.AddOwnerAsync(1, slots: [10, 11], capacity: 1000);
        await signaling.AddOwnerAsync(0, slots: [3, 4, 5], capacity: 1000);
        FleetDirectory directory = signaling.Service<FleetDirectory>();

        for (int i = 0; i < 200; i++)
        {
            SlotPlacement placement = directory.Place();
            Assert.Equal(PlacementOutcome.Placed, placement.Outcome);
            Assert.Contains(placement.Slot, placement.OwnerAppId == "transceiver-00" ? (int[])[3, 4, 5] : [10, 11]);
        }
    }

    [Fact]
    public async Task Place_UnequalOwners_EvensThemOut()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync(withOwner: false);
        await signaling.AddOwnerAsync(0, slots: [0], sessions: 50, capacity: 100);
        await signaling.AddOwnerAsync(1, slots: [1], sessions: 0, capacity: 100);
        FleetDirectory directory = signaling.Service<FleetDirectory>();

        // With two owners both are looked at each time, so the idle one gets all until it is as full as the other.
        Assert.All(Enumerable.Range(0, 50), _ => Assert.Equal("transceiver-01", directory.Place().OwnerAppId));
    }

    [Fact]
    public async Task Place_MoreThanCapacityBetweenTwoReports_IsRefused()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync(withOwner: false);
        await signaling.AddOwnerAsync(0, slots: [0], capacity: 3);
        FleetDirectory directory = signaling.Service<FleetDirectory>();

        for (int i = 0; i < 3; i++) Assert.Equal(PlacementOutcome.Placed, directory.Place().Outcome);
        await signaling.RefreshAsync();
        Assert.Equal(PlacementOutcome.NoRoom, directory.Place().Outcome);
    }

    [Fact]
    public async Task Place_CallsThatNobodyHasReported_LeaveRoomForOthers()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync(withOwner: false);
        await signaling.AddOwnerAsync(0, slots: [0], sessions: 10, capacity: 25);
        FleetDirectory directory = signaling.Service<FleetDirectory>();

        Assert.All(Enumerable.Range(0, 1000), _ => Assert.Equal(PlacementOutcome.Placed, directory.Place().Outcome));
        await signaling.AddOwnerAsync(0, slots: [0], sessions: 25, capacity: 25);
        Assert.Equal(PlacementOutcome.NoRoom, directory.Place().Outcome);
    }

    [Fact]
    public async Task Place_OwnerReportsTwice_CountsItsReportAlone()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync(withOwner: false);
        await signaling.AddOwnerAsync(0, slots: [0], capacity: 3);
        FleetDirectory directory = signaling.Service<FleetDirectory>();
        for (int i = 0; i < 3; i++) directory.Place();

        for (int report = 0; report < 2; report++)
        {
            signaling.Time.Advance(TimeSpan.FromSeconds(1));
            await signaling.AddOwnerAsync(0, slots: [0], sessions: 1, capacity: 3);
        }

        Assert.Equal(PlacementOutcome.Placed, directory.Place().Outcome);
    }

    [Fact]
    public async Task Place_OwnerCountedBeforeOursArrived_DoesNotPromiseTheSameRoomTwice()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync(withOwner: false);
        await signaling.AddOwnerAsync(0, slots: [0], capacity: 3);
        FleetDirectory directory = signaling.Service<FleetDirectory>();
        for (int i = 0; i < 3; i++) directory.Place();

        // All three pushes are still on their way.
        signaling.Time.Advance(TimeSpan.FromSeconds(1));
        await signaling.AddOwnerAsync(0, slots: [0], sessions: 0, capacity: 3);
        Assert.Equal(PlacementOutcome.NoRoom, directory.Place().Outcome);
        await signaling.RefreshAsync();
        Assert.Equal(PlacementOutcome.NoRoom, directory.Place().Outcome);
    }

    [Fact]
    public async Task Place_EverythingRanOut_KnowsNoOwner()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync();
        signaling.Time.Advance(TimeSpan.FromSeconds(4));
        await signaling.RefreshAsync();

        Assert.Equal(PlacementOutcome.NoOwner, signaling.Service<FleetDirectory>().Place().Outcome);
    }

    [Fact]
    public void Snapshot_SlotOfAnEarlierProcess_HasNoOwner()
    {
        DateTimeOffset now = DateTimeOffset.UnixEpoch;
        TransceiverRecord live = new("local", 0, "new", "transceiver-00", [], 10, 0, 0, false, now.AddSeconds(3));
        var snapshot = new FleetSnapshot(
            [live], [new("local", 1, 0, "old", 1), new("local", 2, 0, "new", 2), new("local", 3, null, null, 3)], now,
            maximumLatenessMilliseconds: 5);

        Assert.Null(snapshot.OwnerOf(1));
        Assert.Equal("transceiver-00", snapshot.OwnerOf(2));
        Assert.Null(snapshot.OwnerOf(3));
        Assert.Equal([2], snapshot.Owners.Single().Slots);
    }
}

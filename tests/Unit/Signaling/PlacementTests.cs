using Dapr.Voice.Contracts;
using Dapr.Voice.Signaling.Placement;
using Dapr.Voice.Wire;
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

    // The private key of the certificate is in the same secret, so signaling does not read it (docs/decisions/0030).
    [Fact]
    public async Task Place_OwnerThatTellsNoFingerprint_GetsNoCall()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync();
        Assert.Equal(SignalingHarness.Fingerprint, signaling.Service<FleetDirectory>().Place().CertificateFingerprint);
        Assert.Throws<InvalidOperationException>(() => signaling.Keys.CertificateFingerprint);
        await signaling.AddOwnerAsync(0, slots: [3, 4, 5], fingerprint: null);
        Assert.Equal(PlacementOutcome.NoRoom, signaling.Service<FleetDirectory>().Place().Outcome);
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
    public async Task Place_NoRecordHasChangedForALease_KnowsNoOwner()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync();
        for (int look = 1; look <= 3; look++)
        {
            Assert.Equal(PlacementOutcome.Placed, signaling.Service<FleetDirectory>().Place().Outcome);
            signaling.Time.Advance(TimeSpan.FromSeconds(1));
            await signaling.RefreshAsync();
        }

        Assert.Equal(PlacementOutcome.NoOwner, signaling.Service<FleetDirectory>().Place().Outcome);
    }

    // Issue 12: signaling whose clock was 4 s ahead found no owner at all.
    [Theory]
    [InlineData(-1200)]
    [InlineData(-4)]
    [InlineData(4)]
    [InlineData(1200)]
    public async Task Place_ClockOfTheOwnerIsFarOff_FindsItAllTheSame(int seconds)
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync(withOwner: false);
        for (int look = 0; look < 10; look++)
        {
            await signaling.AddOwnerAsync(0, slots: [3], clockSeconds: seconds);
            Assert.Equal(PlacementOutcome.Placed, signaling.Service<FleetDirectory>().Place().Outcome);
            signaling.Time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public async Task Place_StoreWasAwayForLong_GivesOwnersALeaseToRenew()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync();
        signaling.Store.IsAway = true;
        for (int look = 0; look < 20; look++)
        {
            signaling.Time.Advance(TimeSpan.FromSeconds(1));
            await signaling.RefreshAsync();
        }
        signaling.Store.IsAway = false;
        await signaling.RefreshAsync();

        Assert.Equal(PlacementOutcome.Placed, signaling.Service<FleetDirectory>().Place().Outcome);
    }

    [Fact]
    public void Snapshot_SlotOfAnEarlierProcess_HasNoOwner()
    {
        TransceiverRecord live = new("local", 0, "new", "transceiver-00", [], 10, 0, 0, false, DateTimeOffset.UnixEpoch);
        var snapshot = new FleetSnapshot(
            [(live, Instant.Never)], [new("local", 1, 0, "old", 1), new("local", 2, 0, "new", 2), new("local", 3, null, null, 3)],
            Instant.Zero,
            maximumLatenessMilliseconds: 5);

        Assert.Null(snapshot.OwnerOf(1));
        Assert.Equal("transceiver-00", snapshot.OwnerOf(2));
        Assert.Null(snapshot.OwnerOf(3));
        Assert.Equal([2], snapshot.Owners.Single().Slots);
    }
}

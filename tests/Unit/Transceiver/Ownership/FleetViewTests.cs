using Dapr.Voice.Contracts;
using Dapr.Voice.Transceiver.Ownership;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Ownership;

public sealed class FleetViewTests
{
    private static readonly DateTimeOffset Origin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly FleetView _view = new(TimeSpan.FromMilliseconds(500));

    private static TransceiverRecord Record(int shard, string incarnation, double leaseSeconds, bool draining = false)
        => new("local", shard, incarnation, AppIds.Transceiver(shard), [], 10, 0, 0, draining, Origin.AddSeconds(leaseSeconds));

    private void Observe(int shard, TransceiverRecord? record, double seconds)
        => _view.Observe(shard, record, Origin.AddSeconds(seconds), Instant.FromMilliseconds((long)(seconds * 1000)));

    [Fact]
    public void LeaseRunOut_OnTheFirstLook_IsStillAlive()
    {
        Observe(1, Record(1, "a", 3), 4);
        Assert.True(_view.IsAlive(1, "a"));
        Observe(1, Record(1, "a", 3), 4.5);
        Assert.False(_view.IsAlive(1, "a"));
        Assert.Empty(_view.Candidates());
    }

    [Fact]
    public void LeaseRunOut_ThenRenewed_IsAlive()
    {
        Observe(1, Record(1, "a", 3), 4);
        Observe(1, Record(1, "a", 7), 4.5);
        Assert.True(_view.IsAlive(1, "a"));
    }

    [Fact]
    public void Left_IsDeadAtOnce()
    {
        Observe(1, Record(1, "a", 3, draining: true), 3);
        Assert.False(_view.IsAlive(1, "a"));
    }

    [Fact]
    public void AnotherProcessOfTheShard_MakesTheFormerDead()
    {
        Observe(1, Record(1, "b", 3), 1);
        Assert.False(_view.IsAlive(1, "a"));
        Assert.True(_view.IsAlive(1, "b"));
    }

    [Fact]
    public void MissingRecord_IsGivenTheGrace()
    {
        Observe(1, null, 1);
        Assert.True(_view.IsAlive(1, "a"));
        Assert.Empty(_view.Candidates());
        Observe(1, null, 2);
        Assert.False(_view.IsAlive(1, "a"));
    }

    [Fact]
    public void Candidates_LeaveOutWhoIsLeaving_UnlessAllAre()
    {
        Observe(1, Record(1, "a", 3), 1);
        Observe(2, Record(2, "b", 3, draining: true), 1);
        Assert.Equal([1], _view.Candidates());
        Observe(1, Record(1, "a", 3, draining: true), 1);
        Assert.Equal([1, 2], _view.Candidates());
    }
}

using Dapr.Voice.Contracts;
using Dapr.Voice.TestKit;
using Dapr.Voice.Transceiver.Fleet;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Fleet;

public sealed class FleetReporterTests : IAsyncDisposable
{
    private const string Incarnation = "06b3d1f27c8844e0";

    private readonly JumpingTime _time = new();
    private readonly RecordingPublisher _publisher = new();
    private readonly FleetReporter _fleet;

    public FleetReporterTests()
        => _fleet = new FleetReporter(_publisher, _time, "local", 1, Incarnation, $"/voice/local/transceiver-01/{Incarnation}",
            () => 3, NullLogger.Instance);

    public ValueTask DisposeAsync() => _fleet.DisposeAsync();

    private string[] Ids => [.. _publisher.Published.Select(p => p.Event.GetProperty("id").GetString()!)];

    private async Task CompleteAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await _fleet.CompleteAsync(limit.Token);
        Assert.Equal(0, _fleet.Pending);
    }

    [Fact]
    public async Task Life_OfATransceiver_IsPublishedInOrderAsTheSchemaSays()
    {
        _fleet.Joined();
        _fleet.Joined();
        _fleet.SlotMoved(17, fromShard: 0, toShard: 1, epoch: 5, "owner_gone");
        _fleet.SlotMoved(18, fromShard: null, toShard: 1, epoch: 1, "no_owner");
        _fleet.IngressLost("relay-1");
        _fleet.IngressLost("relay-1");
        _fleet.Draining();
        _fleet.Left();
        await CompleteAsync();
        Assert.Equal(
            [$"transceiver-01/{Incarnation}/joined", "slot.local.17/5", "slot.local.18/1",
            $"transceiver-01/{Incarnation}/ingress_lost/relay-1/1", $"transceiver-01/{Incarnation}/ingress_lost/relay-1/2",
            $"transceiver-01/{Incarnation}/draining", $"transceiver-01/{Incarnation}/left"], Ids);
        Assert.All(_publisher.Published, p => Assert.Equal(Topics.Fleet, p.Topic));
        Assert.All(_publisher.Published, p => Assert.Empty(EventSchema.Problems(p.Event.GetRawText(), EventSchema.Fleet)));
    }

    [Fact]
    public async Task Leave_OfAProcessThatNeverJoined_IsNotPublished()
    {
        _fleet.Draining();
        _fleet.Left();
        await CompleteAsync();
        Assert.Empty(Ids);
    }

    [Fact]
    public async Task BrokerAwayForNineMinutes_NothingIsLost()
    {
        DateTimeOffset began = _time.GetUtcNow();
        _publisher.Publishing = () => _publisher.Refusals = _time.GetUtcNow() - began < TimeSpan.FromMinutes(9) ? 1 : 0;
        _fleet.Joined();
        _fleet.Draining();
        await CompleteAsync();
        Assert.Equal((2, 0L), (Ids.Length, _fleet.Lost));
        Assert.True(_time.GetUtcNow() - began >= TimeSpan.FromMinutes(9));
    }

    [Fact]
    public async Task BrokerAwayForever_EventsAreGivenUpCountedAndBounded()
    {
        _publisher.Publishing = () => _publisher.Refusals = 1;
        for (int slot = 0; slot < FleetReporter.Capacity * 2; slot++) _fleet.SlotMoved(slot, null, 1, 1, "no_owner");
        await CompleteAsync();
        Assert.Equal((0, FleetReporter.Capacity * 2L), (Ids.Length, _fleet.Lost));
    }
}

using Dapr.Voice.Contracts;
using Dapr.Voice.TestKit;
using Dapr.Voice.Transceiver.Ownership;
using Dapr.Voice.Transceiver.Sessions;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Sessions;

public sealed class SessionReporterTests : IAsyncDisposable
{
    private static readonly DateTimeOffset Origin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly MemoryStateStore _store = new();
    private readonly RecordingPublisher _publisher = new();
    private readonly SessionReporter _reporter;

    public SessionReporterTests()
        => _reporter = new SessionReporter(
            _store, _publisher, new SessionDirectory(10, new SlotTable(64)), TimeProvider.System, TimeSpan.FromMinutes(5),
            "/voice/local/transceiver-00/i", NullLogger.Instance);

    public ValueTask DisposeAsync() => _reporter.DisposeAsync();

    private static SessionRecord Created => new()
    {
        CallId = "rtc_local_aaaaaaaaaaaaa",
        Region = "local",
        Slot = 1,
        OwnerAppId = "transceiver-00",
        Agent = "echo",
        LocalUfrag = "ufrag",
        Offer = new OfferFacts("cafe", [], true, null, null, null, null, true, true, null, 0),
        Answer = new AnswerFacts(1, "voice", "a b"),
        MaximumSeconds = 60,
        ClientKind = "openai",
        CreatedAt = Origin,
        EventSequence = 1,
    };

    private static SessionRecord Connected
        => Created with { State = SessionState.Connected, ConnectedAt = Origin.AddSeconds(1), EventSequence = 2 };

    private static SessionRecord Ended
        => Connected with { State = SessionState.Ended, EndedAt = Origin.AddSeconds(9), EndReason = SessionEndReason.ClientHangup,
        EventSequence = 3 };

    private Task SaveAsync(SessionRecord record)
        => _store.TryCreateAsync(ComponentNames.Sessions, StateKeys.Session(record.CallId), record, ContractsJson.Default.SessionRecord);

    private SessionRecord? Stored => _store.Peek(
        ComponentNames.Sessions, StateKeys.Session(Created.CallId), ContractsJson.Default.SessionRecord);

    private string[] Ids => [.. _publisher.Published.Select(p => p.Event.GetProperty("id").GetString()!)];

    private async Task CompleteAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await _reporter.CompleteAsync(limit.Token);
        Assert.Equal(0, _reporter.Pending);
    }

    [Fact]
    public async Task ConnectedAndEnded_AreWrittenAndPublishedInOrder()
    {
        await SaveAsync(Created);
        _reporter.Report(Connected);
        _reporter.Report(Ended);
        await CompleteAsync();
        Assert.Equal(Ended.EndReason, Stored!.EndReason);
        Assert.Equal([$"{Created.CallId}/2", $"{Created.CallId}/3"], Ids);
        Assert.Equal("client_hangup", _publisher.Published[1].Event.GetProperty("data").GetProperty("reason").GetString());
        Assert.All(_publisher.Published, p => Assert.Equal(Topics.Sessions, p.Topic));
        Assert.All(_publisher.Published, p => Assert.Empty(EventSchema.Problems(p.Event.GetRawText())));
    }

    [Fact]
    public async Task Check_ConnectedAndEnded_IsWrittenAndNotPublished()
    {
        await SaveAsync(Created with { ClientKind = ClientKinds.Check });
        _reporter.Report(Connected with { ClientKind = ClientKinds.Check });
        _reporter.Report(Ended with { ClientKind = ClientKinds.Check });
        await CompleteAsync();
        Assert.Equal(SessionState.Ended, Stored!.State);
        Assert.Empty(Ids);
    }

    [Fact]
    public async Task AnswersLost_AreFoundInTheStore_AndPublishedOnce()
    {
        await SaveAsync(Created);
        int losses = 2;
        _store.LosesAnswer = _ => losses-- > 0;
        _reporter.Report(Connected);
        _reporter.Report(Ended);
        await CompleteAsync();
        Assert.Equal(SessionState.Ended, Stored!.State);
        Assert.Equal([$"{Created.CallId}/2", $"{Created.CallId}/3"], Ids);
    }

    [Fact]
    public async Task BrokerAway_TheEventComesOnceItIsBack()
    {
        await SaveAsync(Created);
        _publisher.Refusals = 3;
        _reporter.Report(Ended);
        await CompleteAsync();
        Assert.Equal([$"{Created.CallId}/3"], Ids);
        Assert.Equal(0, _reporter.Lost);
    }

    [Fact]
    public async Task EndedByAnother_IsNotOverwrittenAndNotPublishedAgain()
    {
        SessionRecord others = Ended with { EndReason = SessionEndReason.OwnerLost, EndedAt = Origin.AddSeconds(5),
            OwnerAppId = "transceiver-01" };
        await SaveAsync(others);
        _reporter.Report(Ended);
        _reporter.Report(Connected);
        await CompleteAsync();
        Assert.Equal(SessionEndReason.OwnerLost, Stored!.EndReason);
        Assert.Empty(Ids);
    }

    [Fact]
    public async Task EndOfAnOwnerThatStoodStill_LeavesTheSuccessorsRecord()
    {
        SessionRecord successors = Connected with { OwnerAppId = "transceiver-01", EventSequence = Ended.EventSequence };
        await SaveAsync(successors);
        _reporter.Report(Ended with { EndReason = SessionEndReason.ConsentExpired });
        await CompleteAsync();
        Assert.Equal((SessionState.Connected, "transceiver-01"), (Stored!.State, Stored!.OwnerAppId));
        Assert.Empty(Ids);
    }

    [Fact]
    public async Task RecordNeverWrittenBySignaling_IsCreated()
    {
        _reporter.Report(Ended);
        await CompleteAsync();
        Assert.Equal(SessionState.Ended, Stored!.State);
        Assert.Equal([$"{Created.CallId}/3"], Ids);
    }

    [Fact]
    public async Task StoreAwayAtTheEnd_CompleteGivesUpInTime()
    {
        _store.IsAway = true;
        _reporter.Report(Ended);
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        await _reporter.CompleteAsync(limit.Token);
        Assert.Equal(1, _reporter.Pending);
        Assert.Empty(Ids);
    }

    [Fact]
    public async Task RecordLostWithTheStoresData_EndIsWrittenAgainAtOnceAndPublished()
    {
        await SaveAsync(Created);
        _store.Wipe();
        _reporter.Report(Ended);
        int reads = _store.Reads;
        await CompleteAsync();
        Assert.Equal(1, _store.Reads - reads);
        Assert.Equal(SessionState.Ended, Stored!.State);
        Assert.Equal([$"{Created.CallId}/3"], Ids);
    }

    [Fact]
    public async Task ResumedAndMoved_ArePublishedUnderTheirTypes()
    {
        await SaveAsync(Connected);
        _reporter.Report(Connected with { EventSequence = 3, OwnerAppId = "transceiver-01" }, LifecycleEventTypes.SessionResumed);
        _reporter.Report(Connected with { EventSequence = 4, OwnerAppId = "transceiver-02" }, LifecycleEventTypes.SessionMoved);
        await CompleteAsync();
        Assert.Equal([LifecycleEventTypes.SessionResumed, LifecycleEventTypes.SessionMoved],
            _publisher.Published.Select(p => p.Event.GetProperty("type").GetString()));
        Assert.Equal([$"{Created.CallId}/3", $"{Created.CallId}/4"], Ids);
        Assert.All(_publisher.Published, p => Assert.Empty(EventSchema.Problems(p.Event.GetRawText())));
    }

    [Fact]
    public async Task Connected_EndedElsewhereMeanwhile_IsSaid()
    {
        SessionRecord others = Created with { State = SessionState.Ended, EndReason = SessionEndReason.ApiHangup, EndedAt = Origin,
            EventSequence = 2 };
        await SaveAsync(others);
        SessionRecord? said = null;
        _reporter.EndedElsewhere += record => said = record;
        _reporter.Report(Connected);
        await CompleteAsync();
        Assert.Equal(SessionEndReason.ApiHangup, said!.EndReason);
        Assert.Empty(Ids);
    }

    [Fact]
    public async Task TwoOwnersEndTheSameSession_OneEndIsPublished()
    {
        for (int round = 0; round < 50; round++)
        {
            string end = $"{(char)('a' + round / 25)}{(char)('a' + round % 25)}a";
            SessionRecord connected = Connected with { CallId = "rtc_local_aaaaaaaaaa" + end };
            await SaveAsync(connected);
            await using var other = new SessionReporter(
                _store, _publisher, new SessionDirectory(10, new SlotTable(64)), TimeProvider.System, TimeSpan.FromMinutes(5),
                "/voice/local/transceiver-01/j", NullLogger.Instance);
            SessionRecord ended = connected with { State = SessionState.Ended, EventSequence = 3 };
            _reporter.Report(ended with { EndReason = SessionEndReason.ClientHangup, EndedAt = Origin.AddSeconds(1) });
            other.Report(ended with { EndReason = SessionEndReason.OwnerLost, EndedAt = Origin.AddSeconds(1) });
            await other.CompleteAsync(CancellationToken.None);
        }
        await CompleteAsync();
        Assert.Equal(50, Ids.Length);
        Assert.Equal(50, Ids.Distinct().Count());
    }

    [Fact]
    public void StoreAwayForLong_WaitingReportsAreBoundedAndTheRestIsCounted()
    {
        _store.IsAway = true;
        const int reports = 6 * SessionReporter.LaneCapacity;
        for (int i = 0; i < reports; i++) _reporter.Report(Ended with { CallId = $"rtc_local_{i:0000000000000}" });
        Assert.InRange(_reporter.Pending, 1, 4 * (SessionReporter.LaneCapacity + 1));
        Assert.Equal(reports, _reporter.Pending + _reporter.Lost);
    }
}

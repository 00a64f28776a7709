using Dapr.Voice.Contracts;
using Dapr.Voice.Steering;
using Dapr.Voice.TestKit;
using Dapr.Voice.Transceiver.Ownership;
using Dapr.Voice.Transceiver.Sessions;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Sessions;

/// <summary>
/// Records and checkpoints that are deleted, found again when nobody deleted them, and written again when the store lost them. Time jumps
/// over every pause.
/// </summary>
public sealed class RecordCareTests : IAsyncDisposable
{
    private static readonly TimeSpan Retention = TimeSpan.FromMinutes(5);

    private readonly JumpingTime _time = new();
    private readonly MemoryStateStore _store = new();
    private readonly RecordingPublisher _publisher = new();
    private readonly SessionDirectory _directory = new(10, new SlotTable(64));
    private readonly SessionReporter _reporter;
    private readonly RecordSweep _sweep;
    private int _ids;

    public RecordCareTests()
    {
        _reporter = new SessionReporter(
            _store, _publisher, _directory, _time, Retention, "/voice/local/transceiver-00/i", NullLogger.Instance);
        _sweep = new RecordSweep(_store, "local", _directory, _reporter, _time, Retention, NullLogger.Instance);
    }

    public ValueTask DisposeAsync() => _reporter.DisposeAsync();

    private SessionRecord NewRecord(SessionState state = SessionState.Created) => new()
    {
        CallId = CallId.Format("local", new SessionId((ulong)++_ids).ToString()),
        Region = "local",
        Slot = 1,
        OwnerAppId = "transceiver-00",
        Agent = "echo",
        LocalUfrag = "ufrag",
        Offer = new OfferFacts("cafe", [], true, null, null, null, null, true, true, null, 0),
        Answer = new AnswerFacts(1, "voice", "a b"),
        MaximumSeconds = 600,
        ClientKind = "openai",
        CreatedAt = _time.GetUtcNow(),
        State = state,
        ConnectedAt = state == SessionState.Created ? null : _time.GetUtcNow(),
        EndedAt = state == SessionState.Ended ? _time.GetUtcNow() : null,
        EndReason = state == SessionState.Ended ? SessionEndReason.ClientHangup : SessionEndReason.None,
        EventSequence = 1 + (long)state,
    };

    private async Task<SessionRecord> SaveAsync(SessionRecord record, bool withCheckpoint = true)
    {
        await _store.TryCreateAsync(
            ComponentNames.Sessions, StateKeys.Session(record.CallId), record, ContractsJson.Default.SessionRecord);
        if (withCheckpoint)
        {
            _store.Put(ComponentNames.Checkpoints, StateKeys.Checkpoint(record.CallId), new IceRestart("sealed", "state"),
                ContractsJson.Default.IceRestart);
        }
        return record;
    }

    /// <summary>Writes the page that signaling writes before these calls.</summary>
    private void Page(params SessionRecord[] records) => _store.Put(
        ComponentNames.Sessions, StateKeys.CallPage("local", CallPage.PeriodOf(_time.GetUtcNow()), 7),
        new CallPage(CallPage.StartOf(CallPage.PeriodOf(_time.GetUtcNow()) + 1) + TimeSpan.FromHours(2),
            [.. records.Select(r => r.CallId[^13..])]), ContractsJson.Default.CallPage);

    private string[] Left => [.. _store.Keys(ComponentNames.Sessions, ""), .. _store.Keys(ComponentNames.Checkpoints, "")];

    private async Task SweepAfterAsync(TimeSpan time)
    {
        _time.Advance(time);
        await _sweep.SweepAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Ended_AfterItsRetention_RecordAndCheckpointAreDeleted()
    {
        SessionRecord ended = await SaveAsync(NewRecord(SessionState.Ended));
        _reporter.Report(ended);
        await Wait.UntilAsync(() => Left.Length == 0, "nothing is left");
    }

    [Fact]
    public async Task Ended_StoreDoesNotAnswerWhenItIsTime_IsDeletedLater()
    {
        SessionRecord ended = await SaveAsync(NewRecord(SessionState.Ended));
        // The report itself reads once. The next five reads are those of the deletion.
        bool isFirst = true;
        _publisher.Publishing = () =>
        {
            if (isFirst) _store.AwayForReads = 5;
            isFirst = false;
        };
        _reporter.Report(ended);
        await Wait.UntilAsync(() => Left.Length == 0, "nothing is left");
        Assert.True(_store.Reads >= 7);
    }

    [Fact]
    public async Task Sweep_EndedRecordWhoseOwnerDied_IsDeletedWithItsCheckpointAndPage()
    {
        Page(await SaveAsync(NewRecord(SessionState.Ended)), await SaveAsync(NewRecord(SessionState.Ended)), NewRecord());
        await SweepAfterAsync(TimeSpan.FromHours(3));
        Assert.Empty(Left);
    }

    [Theory]
    [InlineData(SessionState.Created, SessionEndReason.SetupTimeout)]
    [InlineData(SessionState.Connected, SessionEndReason.OwnerLost)]
    public async Task Sweep_SessionThatNobodyEnded_GetsItsEndOnceAndIsDeleted(SessionState state, SessionEndReason reason)
    {
        SessionRecord record = await SaveAsync(NewRecord(state));
        Page(record);
        await SweepAfterAsync(TimeSpan.FromHours(3));
        await Wait.UntilAsync(() => _publisher.Published.Count == 1, "the end is published");
        Assert.Equal(MetricWord(reason), _publisher.Published[0].Event.GetProperty("data").GetProperty("reason").GetString());
        await Wait.UntilAsync(() => _store.Keys(ComponentNames.Sessions, "session.").Count == 0, "the record is deleted");
        await SweepAfterAsync(TimeSpan.FromHours(1));
        Assert.Empty(Left);
        Assert.Single(_publisher.Published);
    }

    [Fact]
    public async Task Sweep_BeforeItsTime_TouchesNothing()
    {
        Page(await SaveAsync(NewRecord(SessionState.Connected)), await SaveAsync(NewRecord()));
        int before = Left.Length;
        await SweepAfterAsync(TimeSpan.FromMinutes(90));
        Assert.Equal(before, Left.Length);
        Assert.Empty(_publisher.Published);
    }

    [Fact]
    public async Task Sweep_StoreAway_LooksAgainLater()
    {
        Page(await SaveAsync(NewRecord(SessionState.Ended)));
        _store.IsAway = true;
        await SweepAfterAsync(TimeSpan.FromHours(3));
        _store.IsAway = false;
        Assert.NotEmpty(Left);
        await SweepAfterAsync(RecordSweep.Every);
        Assert.Empty(Left);
    }

    [Fact]
    public async Task Sweep_OfAProcessThatStartsDaysLater_FindsWhatIsLeft()
    {
        Page(await SaveAsync(NewRecord(SessionState.Ended)));
        _time.Advance(RecordSweep.Horizon - TimeSpan.FromHours(1));
        var late = new RecordSweep(_store, "local", _directory, _reporter, _time, Retention, NullLogger.Instance);
        await late.SweepAsync(CancellationToken.None);
        Assert.Empty(Left);
    }

    [Fact]
    public async Task Sweep_AllIsSettled_ReadsAPeriodOnlyOnce()
    {
        await SweepAfterAsync(TimeSpan.FromHours(3));
        int first = _store.Reads;
        await SweepAfterAsync(TimeSpan.Zero);
        await SweepAfterAsync(TimeSpan.FromMinutes(1));
        // The periods of the last hour may still get pages of a slow clock. All others are done.
        Assert.InRange(_store.Reads - first, 0, 8);
    }

    [Fact]
    public async Task Restore_RecordsThatAreLost_AreWrittenAgainWithAPage()
    {
        SessionRecord lost = NewRecord(SessionState.Connected), there = await SaveAsync(NewRecord(SessionState.Connected));
        SessionRecord gone = NewRecord(SessionState.Connected);
        await using var restorer = new RecordRestorer(_store, "local", r => r != gone, _time, NullLogger.Instance);
        restorer.Restore([lost, there with { EventSequence = 9 }, gone]);
        await Wait.UntilAsync(() => _store.Keys(ComponentNames.Sessions, "calls.").Count == 1, "the page is written");
        Assert.Equal(1, restorer.Restored);
        Assert.Equal(2, Stored(there)!.EventSequence);
        Assert.Equal(SessionState.Connected, Stored(lost)!.State);
        Assert.Null(Stored(gone));
    }

    [Fact]
    public async Task Restore_StoreAway_WritesOnceItIsBack()
    {
        SessionRecord lost = NewRecord(SessionState.Connected);
        await using var restorer = new RecordRestorer(_store, "local", static _ => true, TimeProvider.System, NullLogger.Instance);
        _store.IsAway = true;
        restorer.Restore([lost]);
        restorer.Restore([lost]);
        _store.IsAway = false;
        await Wait.UntilAsync(() => Stored(lost) is not null, "the record is written");
    }

    private SessionRecord? Stored(SessionRecord record)
        => _store.Peek(ComponentNames.Sessions, StateKeys.Session(record.CallId), ContractsJson.Default.SessionRecord);

    private static string MetricWord(SessionEndReason reason) => Dapr.Voice.Hosting.MetricTag.Word(reason);
}

using System.Diagnostics;
using System.Threading.Channels;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// Reports the states of sessions to the state store and the broker, in the background and for as long as it takes. First it writes the
/// record by compare-and-set. Then it publishes the event, whose id makes a repeat harmless. The reports of one session stay in order,
/// because a session always uses the same lane. If the store is down, reports wait and sessions do not.
/// </summary>
internal sealed partial class SessionReporter : IAsyncDisposable
{
    /// <summary>A report that could not be delivered for this long is dropped and counted.</summary>
    public static readonly TimeSpan GiveUpAfter = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How many reports may wait in a lane. A session has two, so this is room for thousands that end while the store is down.
    /// </summary>
    public const int LaneCapacity = 8192;

    /// <summary>
    /// A session that goes on here is reported this much later. Nobody waits for the report, and after a takeover the sessions need the
    /// processor.
    /// </summary>
    public static readonly TimeSpan ResumedDelay = TimeSpan.FromMilliseconds(400);

    private const int Lanes = 4;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100), LongestPause = TimeSpan.FromSeconds(5);

    // If the store can delete records by itself, it deletes what a crashed owner never will.
    private static readonly TimeSpan GarbageAfter = TimeSpan.FromHours(24);

    // Signaling writes the record before it pushes it, but a slow store may show it later.
    private const int ReadsBeforeCreate = 5;

    private readonly RecordExpiry _expiry;

    private readonly IStateStore _store;
    private readonly IEventPublisher _publisher;
    private readonly TimeProvider _time;
    private readonly string _source;
    private readonly ILogger _logger;
    private readonly Channel<SessionReport>[] _lanes;
    private readonly CancellationTokenSource _stop = new(), _completing = new();
    private readonly Task[] _tasks;
    private long _given, _published, _lost;

    /// <param name="source">The source of the events: <c>/voice/{region}/{service}/{instance}</c>.</param>
    /// <param name="retention">How long the record of an ended session stays.</param>
    public SessionReporter(
        IStateStore store, IEventPublisher publisher, SessionDirectory directory, TimeProvider time, TimeSpan retention, string source,
        ILogger logger)
    {
        (_store, _publisher, _time, _source, _logger) = (store, publisher, time, source, logger);
        _expiry = new RecordExpiry(store, directory, time, retention, 4 * LaneCapacity, logger);
        _lanes = [.. Enumerable.Range(0, Lanes)
            .Select(_ => Channel.CreateBounded<SessionReport>(new BoundedChannelOptions(LaneCapacity) { SingleReader = true }))];
        _tasks = [.. _lanes.Select(lane => Task.Run(() => RunAsync(lane.Reader), CancellationToken.None))];
    }

    /// <summary>
    /// Somebody else has ended a session whose report this was. The argument is the record in the store. Raised on any thread.
    /// </summary>
    public event Action<SessionRecord>? EndedElsewhere;

    /// <summary>The number of reports that wait.</summary>
    public long Pending => Volatile.Read(ref _given) - Volatile.Read(ref _published) - Volatile.Read(ref _lost);

    /// <summary>The number of reports that were dropped after <see cref="GiveUpAfter"/>, or refused because too many waited.</summary>
    public long Lost => Volatile.Read(ref _lost);

    /// <summary>Queues a report of the state that the record has. Any thread. It never waits.</summary>
    public void Report(SessionRecord record)
        => Report(record, record.State == SessionState.Ended ? LifecycleEventTypes.SessionEnded : LifecycleEventTypes.SessionConnected);

    /// <summary>Queues a report. Any thread. It never waits.</summary>
    /// <param name="record">Its sequence number is that of the event, and higher than those before.</param>
    /// <param name="eventType">One of <see cref="LifecycleEventTypes"/>.</param>
    public void Report(SessionRecord record, string eventType)
    {
        Interlocked.Increment(ref _given);
        int lane = (int)((uint)string.GetHashCode(record.CallId, StringComparison.Ordinal) % Lanes);
        if (_lanes[lane].Writer.TryWrite(new SessionReport(record, eventType, _time.GetUtcNow()))) return;
        Interlocked.Increment(ref _lost);
        LogLost(_logger, record.CallId, record.State);
        _expiry.Add(record);
    }

    /// <summary>
    /// Somebody else has reported the end of this session. The record and its copy in the directory are removed when their time has come.
    /// </summary>
    public void Remember(SessionRecord ended) => _expiry.Add(ended);

    /// <summary>No more reports will come. Delivers those that wait, for as long as the token allows.</summary>
    public async Task CompleteAsync(CancellationToken cancellation)
    {
        foreach (Channel<SessionReport> lane in _lanes) lane.Writer.TryComplete();
        await _completing.CancelAsync().ConfigureAwait(false);
        try
        {
            await Task.WhenAll(_tasks).WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            LogUnfinished(_logger, Pending);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        foreach (Channel<SessionReport> lane in _lanes) lane.Writer.TryComplete();
        await Task.WhenAll(_tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _expiry.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
        _completing.Dispose();
    }

    private async Task RunAsync(ChannelReader<SessionReport> lane)
    {
        await foreach (SessionReport report in lane.ReadAllAsync(_stop.Token).ConfigureAwait(false))
        {
            try
            {
                TimeSpan early = report.EventType is LifecycleEventTypes.SessionResumed or LifecycleEventTypes.SessionMoved
                    ? ResumedDelay - (_time.GetUtcNow() - report.Since) : TimeSpan.Zero;
                // The clock may have been set back meanwhile.
                if (early > ResumedDelay) early = ResumedDelay;
                if (early > TimeSpan.Zero)
                    await Task.Delay(early, _time, _completing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await DeliverAsync(report, _stop.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // This is the edge of a loop that must go on. One report that fails must not cost the next one.
                Interlocked.Increment(ref _lost);
                LogFailed(_logger, report.Record.CallId, report.Record.State, e);
            }
            _expiry.Add(report.Record);
        }
    }

    private async Task DeliverAsync(SessionReport report, CancellationToken cancellation)
    {
        SessionRecord record = report.Record;
        using Activity? span = TransceiverTrace.Source.Start("voice.transceiver.session_report", record.Traceparent);
        span?.SetTag("voice.call_id", record.CallId).SetTag("voice.session_state", MetricTag.Word(record.State));
        RecordOutcome outcome = RecordOutcome.TryAgain;
        TimeSpan pause = FirstPause;
        for (int attempt = 0; ; attempt++)
        {
            if (outcome == RecordOutcome.TryAgain) outcome = await WriteRecordAsync(record, attempt, cancellation).ConfigureAwait(false);
            if (outcome == RecordOutcome.Superseded)
            {
                // Someone else has reported this state or a later one. A second event would contradict the first.
                Interlocked.Increment(ref _published);
                return;
            }
            bool isTooOld = _time.GetUtcNow() - report.Since > GiveUpAfter;
            if (outcome == RecordOutcome.Written && record.ClientKind == ClientKinds.Check)
            {
                Interlocked.Increment(ref _published);
                return;
            }
            if (outcome == RecordOutcome.Written || isTooOld)
            {
                var occurred = LifecycleEvent.ForSession(report.EventType, record, record.EventSequence, _source, TimeOf(report));
                PublishResult published = await _publisher.PublishAsync(
                    ComponentNames.Lifecycle, Topics.Sessions, occurred, ContractsJson.Default.LifecycleEvent,
                    span?.Id ?? record.Traceparent, cancellation).ConfigureAwait(false);
                if (published.IsPublished)
                {
                    Interlocked.Increment(ref _published);
                    return;
                }
                if (isTooOld)
                {
                    Interlocked.Increment(ref _lost);
                    LogGivenUp(_logger, record.CallId, record.State, published.ErrorCode);
                    return;
                }
            }
            await Task.Delay(pause, _time, cancellation).ConfigureAwait(false);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private async Task<RecordOutcome> WriteRecordAsync(SessionRecord wanted, int attempt, CancellationToken cancellation)
    {
        string key = StateKeys.Session(wanted.CallId);
        StateReadResult<SessionRecord> read = await _store.ReadAsync(
            ComponentNames.Sessions, key, ContractsJson.Default.SessionRecord, cancellation).ConfigureAwait(false);
        // The event does not wait for a record that nobody can read.
        if (read.Outcome is StateReadOutcome.Malformed or StateReadOutcome.Refused) return RecordOutcome.Written;
        // A session that was connected had a record, so the store has lost it.
        bool mayComeLate = wanted.ConnectedAt is null && attempt < ReadsBeforeCreate;
        if (!read.IsKnown || (read.Entry is null && mayComeLate)) return RecordOutcome.TryAgain;

        TimeSpan? timeToLive = wanted.State == SessionState.Ended ? GarbageAfter : null;
        StateWriteResult written;
        if (read.Entry is { Value: { } there } entry)
        {
            bool hasEnded = there.State == SessionState.Ended && (there.EndedAt != wanted.EndedAt || there.EndReason != wanted.EndReason);
            if (hasEnded) EndedElsewhere?.Invoke(there);
            // Two owners count on from the same number. The one that continued the session has it, and the other one stood still meanwhile.
            bool isOfAnother = there.State == SessionState.Connected && there.OwnerAppId != wanted.OwnerAppId
                && there.EventSequence == wanted.EventSequence;
            if (hasEnded || isOfAnother || there.EventSequence > wanted.EventSequence) return RecordOutcome.Superseded;
            // The record is ours. An attempt whose answer was lost wrote it.
            if (there.State == wanted.State && there.EventSequence == wanted.EventSequence && there.OwnerAppId == wanted.OwnerAppId)
                return RecordOutcome.Written;
            written = await _store.TrySaveAsync(ComponentNames.Sessions, key, wanted, entry.ETag, ContractsJson.Default.SessionRecord,
                timeToLive, cancellation).ConfigureAwait(false);
        }
        else
        {
            written = await _store.TryCreateAsync(
                ComponentNames.Sessions, key, wanted, ContractsJson.Default.SessionRecord, timeToLive, cancellation).ConfigureAwait(false);
        }
        return written.Outcome is StateWriteOutcome.Written or StateWriteOutcome.Refused ? RecordOutcome.Written : RecordOutcome.TryAgain;
    }

    private static DateTimeOffset TimeOf(SessionReport report) => report.EventType switch
    {
        LifecycleEventTypes.SessionEnded => report.Record.EndedAt ?? report.Since,
        LifecycleEventTypes.SessionConnected => report.Record.ConnectedAt ?? report.Since,
        _ => report.Since,
    };

    private enum RecordOutcome { TryAgain, Written, Superseded }

    [LoggerMessage(LogLevel.Error, "{CallId}: {State} will not be reported, because too many reports wait")]
    private static partial void LogLost(ILogger logger, string callId, SessionState state);

    [LoggerMessage(LogLevel.Error, "{CallId}: {State} could not be reported for too long and is dropped ({ErrorCode})")]
    private static partial void LogGivenUp(ILogger logger, string callId, SessionState state, string? errorCode);

    [LoggerMessage(LogLevel.Error, "{CallId}: reporting {State} failed")]
    private static partial void LogFailed(ILogger logger, string callId, SessionState state, Exception exception);

    [LoggerMessage(LogLevel.Warning, "{Reports} reports were not delivered in time. The store keeps the state before them")]
    private static partial void LogUnfinished(ILogger logger, long reports);
}

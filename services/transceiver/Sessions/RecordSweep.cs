using Dapr.Voice.Contracts;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Steering;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// Finds the records that nobody has deleted: of sessions that never began, and of sessions whose owner died before it could. It reads the
/// pages of call ids (<see cref="CallPage"/>), period by period. A session that should be over and has no end gets one. Every transceiver
/// sweeps, because a second look finds nothing and costs little. One caller at a time. (docs/decisions/0042)
/// </summary>
internal sealed partial class RecordSweep(
    IStateStore store, string region, SessionDirectory directory, SessionReporter reporter, TimeProvider time, TimeSpan retention,
    ILogger logger) : IAsyncDisposable
{
    /// <summary>The first sweep of a process looks back for this long.</summary>
    public static readonly TimeSpan Horizon = TimeSpan.FromDays(7);

    /// <summary>The time between two sweeps. Each process varies it, so that they do not all sweep at once.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    // A period without a page is over once no clock of the fleet can still be in it.
    private static readonly TimeSpan Settled = TimeSpan.FromHours(1);

    // The first sweep reads a thousand periods, which must not delay the writes of everyone else.
    private static readonly TimeSpan BetweenPeriods = TimeSpan.FromMilliseconds(200);

    // 16 records of 30 kB at most fit into one answer of a sidecar.
    private const int RecordsPerRead = 16;

    private readonly Dictionary<long, DateTimeOffset> _nextLook = [];
    private readonly CancellationTokenSource _stop = new();
    private long _lastPeriod = -1;
    private Task _running = Task.CompletedTask;

    /// <summary>Sweeps until it is disposed.</summary>
    public void Start() => _running = Task.Run(() => RunAsync(_stop.Token), CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                try
                {
                    await SweepAsync(cancellation).ConfigureAwait(false);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // This is the edge of a loop that must go on.
                    LogFailed(logger, e);
                }
                await Task.Delay(Every * (0.5 + Random.Shared.NextDouble()), time, cancellation).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The process is leaving.
        }
    }

    /// <summary>Looks once at each period that may still have something.</summary>
    public async Task SweepAsync(CancellationToken cancellation)
    {
        DateTimeOffset now = time.GetUtcNow();
        long newest = CallPage.PeriodOf(now), oldest = CallPage.PeriodOf(now - Horizon);
        if (_lastPeriod < oldest) _lastPeriod = oldest - 1;
        for (long period = _lastPeriod + 1; period <= newest; period++) _nextLook[period] = now;
        _lastPeriod = Math.Max(_lastPeriod, newest);
        foreach (long period in _nextLook.Where(p => p.Value <= now).Select(p => p.Key).Order().ToArray())
        {
            (bool isKnown, DateTimeOffset? next) = await SweepPeriodAsync(period, cancellation).ConfigureAwait(false);
            // A store that does not answer is asked again in the next sweep, and not a thousand times in this one.
            if (!isKnown) return;
            if (next is { } at && period >= oldest) _nextLook[period] = at;
            else _nextLook.Remove(period);
            await Task.Delay(BetweenPeriods, time, cancellation).ConfigureAwait(false);
        }
    }

    /// <returns>False if the store did not answer, and when to look again. Null if the period has nothing any more.</returns>
    private async Task<(bool IsKnown, DateTimeOffset? Next)> SweepPeriodAsync(long period, CancellationToken cancellation)
    {
        DateTimeOffset now = time.GetUtcNow();
        string[] keys = [.. Enumerable.Range(0, CallPage.PagesOfAPeriod).Select(page => StateKeys.CallPage(region, period, page))];
        StateBulkReadResult<CallPage> read = await store.GetBulkAsync(
            ComponentNames.Sessions, keys, ContractsJson.Default.CallPage, cancellation).ConfigureAwait(false);
        if (read.Outcome != StateReadOutcome.Found) return (false, now);
        DateTimeOffset? next = read.FailedKeys.Count > 0 ? now : null;
        if (now < CallPage.StartOf(period + 1) + Settled) next = CallPage.StartOf(period + 1) + Settled;
        foreach (StateEntry<CallPage> entry in read.Entries.Values)
        {
            if (entry.Value is not { } page) continue;
            DateTimeOffset again = page.SweepAfter;
            if (page.SweepAfter <= now)
            {
                if (await SweepPageAsync(page, cancellation).ConfigureAwait(false))
                {
                    await store.DeleteAsync(ComponentNames.Sessions, entry.Key, entry.ETag, cancellation).ConfigureAwait(false);
                    continue;
                }
                again = now + retention;
            }
            if (next is null || again < next) next = again;
        }
        return (true, next);
    }

    /// <returns>True if no call of the page has a record any more.</returns>
    private async Task<bool> SweepPageAsync(CallPage page, CancellationToken cancellation)
    {
        bool isEmpty = true;
        foreach (string[] ids in page.SessionIds.Chunk(RecordsPerRead))
        {
            string[] keys = [.. ids.Select(id => StateKeys.Session(CallId.Format(region, id)))];
            StateBulkReadResult<SessionRecord> read = await store.GetBulkAsync(
                ComponentNames.Sessions, keys, ContractsJson.Default.SessionRecord, cancellation).ConfigureAwait(false);
            if (read.Outcome != StateReadOutcome.Found) return false;
            isEmpty &= read.FailedKeys.Count == 0;
            foreach (StateEntry<SessionRecord> entry in read.Entries.Values)
            {
                if (entry.Value is null) continue;
                isEmpty &= await TrySettleAsync(entry, cancellation).ConfigureAwait(false);
            }
        }
        return isEmpty;
    }

    /// <returns>True if the record is deleted.</returns>
    private async Task<bool> TrySettleAsync(StateEntry<SessionRecord> entry, CancellationToken cancellation)
    {
        SessionRecord record = entry.Value!;
        DateTimeOffset now = time.GetUtcNow();
        if (record.State == SessionState.Ended)
        {
            if ((record.EndedAt ?? record.CreatedAt) + retention > now) return false;
            if (!await RecordExpiry.TryDeleteAsync(store, entry, cancellation).ConfigureAwait(false)) return false;
            LogDeleted(logger, record.CallId, record.EndReason);
            return true;
        }
        // Nobody serves a session for longer than it may last.
        if (IsHere(record) || record.CreatedAt + TimeSpan.FromSeconds(record.MaximumSeconds) + CallPage.Margin > now) return false;
        bool wasConnected = record.State == SessionState.Connected;
        reporter.Report(record with
        {
            State = SessionState.Ended,
            EndReason = wasConnected ? SessionEndReason.OwnerLost : SessionEndReason.SetupTimeout,
            EndedAt = now,
            EventSequence = record.EventSequence + 1,
        });
        LogEnded(logger, record.CallId, record.OwnerAppId);
        return false;
    }

    private bool IsHere(SessionRecord record)
        => CallId.TryParse(record.CallId, out _, out string text) && SessionId.TryParse(text, out SessionId id)
        && directory.Find(id, out _) is not null;

    [LoggerMessage(LogLevel.Information, "{CallId}: the record was left behind after {Reason}, and is deleted now")]
    private static partial void LogDeleted(ILogger logger, string callId, SessionEndReason reason);

    [LoggerMessage(LogLevel.Warning, "{CallId}: the session of {Owner} had no end long after its time, and gets one now")]
    private static partial void LogEnded(ILogger logger, string callId, string owner);

    [LoggerMessage(LogLevel.Error, "A sweep of the records failed")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}

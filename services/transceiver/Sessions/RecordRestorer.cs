using System.Collections.Concurrent;
using System.Security.Cryptography;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// Writes the records of living sessions again after the store has lost them, in the background and for as long as it takes. A record that
/// is there stays as it is. Their call ids get a page, too, so that the sweep finds them. At most one record waits for each session. Any
/// thread.
/// </summary>
/// <param name="isHere">Says whether a session still lives here or waits for its caller. A session that has ended is reported, not
/// restored.</param>
internal sealed partial class RecordRestorer(
    IStateStore store, string region, Func<SessionRecord, bool> isHere, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    // As the ownership loop: tens of small writes at once are no load for a store.
    private const int ParallelWrites = 8;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200), LongestPause = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, SessionRecord> _waiting = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private Task _running = Task.CompletedTask;
    private bool _isRunning;
    private long _restored;

    /// <summary>The number of records that were written again since the start.</summary>
    public long Restored => Volatile.Read(ref _restored);

    /// <summary>Writes these records again if the store does not have them. It never waits.</summary>
    public void Restore(IEnumerable<SessionRecord> records)
    {
        foreach (SessionRecord record in records) _waiting[record.CallId] = record;
        lock (_lock)
        {
            if (_isRunning || _waiting.IsEmpty || _stop.IsCancellationRequested) return;
            _isRunning = true;
            _running = Task.Run(RunAsync, CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        Task running;
        lock (_lock) running = _running;
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            for (TimeSpan pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
            {
                await PassAsync().ConfigureAwait(false);
                lock (_lock)
                {
                    _isRunning = !_waiting.IsEmpty;
                    if (!_isRunning) return;
                }
                await Task.Delay(pause, time, _stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The process is leaving.
        }
        catch (Exception e)
        {
            // What waits stays, and the next call begins again.
            LogFailed(logger, e);
            lock (_lock) _isRunning = false;
        }
    }

    private async Task PassAsync()
    {
        var restored = new ConcurrentQueue<SessionRecord>();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = ParallelWrites, CancellationToken = _stop.Token };
        await Parallel.ForEachAsync(_waiting.Values, parallel, async (record, cancellation) =>
        {
            // A conflict means that there is a record, which is what is wanted.
            StateWriteResult written = isHere(record)
                ? await store.TryCreateAsync(ComponentNames.Sessions, StateKeys.Session(record.CallId), record,
                ContractsJson.Default.SessionRecord, cancellation: cancellation).ConfigureAwait(false)
                : new StateWriteResult(StateWriteOutcome.Conflict, null);
            if (written.Outcome == StateWriteOutcome.Unavailable) return;
            if (written.IsWritten) restored.Enqueue(record);
            _waiting.TryRemove(new(record.CallId, record));
        }).ConfigureAwait(false);
        if (restored.IsEmpty) return;
        Interlocked.Add(ref _restored, restored.Count);
        LogRestored(logger, restored.Count, _waiting.Count);
        foreach (SessionRecord[] some in restored.Chunk(CallPage.MaximumIds)) await WritePageAsync(some).ConfigureAwait(false);
    }

    private async Task WritePageAsync(SessionRecord[] records)
    {
        DateTimeOffset end = records.Max(r => r.CreatedAt + TimeSpan.FromSeconds(r.MaximumSeconds));
        StateWriteResult written = await CallPages.WriteAsync(
            store, region, new CallPage(end + CallPage.Margin, [.. records.Select(r => IdOf(r.CallId))]), time.GetUtcNow(),
            RandomNumberGenerator.GetInt32(CallPage.PagesOfAPeriod), _stop.Token).ConfigureAwait(false);
        if (!written.IsWritten) LogNoPage(logger, records.Length, written.Outcome);
    }

    private static string IdOf(string callId) => CallId.TryParse(callId, out _, out string id) ? id : "";

    [LoggerMessage(LogLevel.Warning, "The store had lost {Sessions} records of living sessions. They are written again; {Waiting} wait")]
    private static partial void LogRestored(ILogger logger, long sessions, int waiting);

    [LoggerMessage(LogLevel.Warning, "The page of {Calls} restored records could not be written ({Outcome}). Only their owner finds them")]
    private static partial void LogNoPage(ILogger logger, int calls, StateWriteOutcome outcome);

    [LoggerMessage(LogLevel.Error, "Writing records again failed")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}

using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;

namespace Dapr.Voice.Transceiver.Checkpoints;

/// <summary>
/// Writes checkpoints to the store, and deletes them when their sessions have ended. It runs beside the workers' threads. A session has one
/// write at a time, and takes its next content only after that, so the newest content is the next one. A store that is slow or down costs
/// a session nothing but its checkpoints. Each write is a compare-and-set, and a higher epoch in the store ends them. Any thread.
/// </summary>
internal sealed partial class CheckpointWriter : IAsyncDisposable
{
    /// <summary>How many writes may wait. Each is one session's, so this is more than the sessions of any transceiver.</summary>
    public const int MaximumWaiting = 1024;

    /// <summary>How many deletions may wait. Those that find no place are left to the sweep.</summary>
    public const int MaximumDeletions = 8192;

    /// <summary>A deletion that failed for this long is left to the sweep.</summary>
    public static readonly TimeSpan GiveUpAfter = TimeSpan.FromMinutes(10);

    private const int ParallelCalls = 16;

    // The first read may be stale by the time of the write. The second one then shows who was first.
    private const int Attempts = 2;
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100), LongestPause = TimeSpan.FromSeconds(5);

    // If the store can delete by itself, it deletes what a crashed owner never will.
    private static readonly TimeSpan GarbageAfter = TimeSpan.FromHours(24);

    private readonly IStateStore _store;
    private readonly CheckpointCodec _codec;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _places = new(ParallelCalls);
    private readonly CancellationTokenSource _stop = new();
    private readonly long[] _outcomes = new long[Enum.GetValues<CheckpointOutcome>().Length];
    private int _waiting, _deleting;
    private long _cutItems, _deletionsLeft;

    public CheckpointWriter(IStateStore store, CheckpointCodec codec, TimeProvider time, ILogger logger)
        => (_store, _codec, _time, _logger) = (store, codec, time, logger);

    /// <summary>The number of writes that ended so.</summary>
    public long Count(CheckpointOutcome outcome) => Volatile.Read(ref _outcomes[(int)outcome]);

    /// <summary>The number of writes and deletions that wait or run.</summary>
    public int Pending => Volatile.Read(ref _waiting) + Volatile.Read(ref _deleting);

    /// <summary>The number of conversation items that were left out, because a checkpoint would have been too large.</summary>
    public long CutItems => Volatile.Read(ref _cutItems);

    /// <summary>The number of checkpoints of ended sessions that were left to the sweep.</summary>
    public long DeletionsLeft => Volatile.Read(ref _deletionsLeft);

    /// <summary>Starts to write. It never waits and never throws.</summary>
    /// <param name="epoch">The epoch of the session's slot.</param>
    /// <param name="done">Called once, on any thread.</param>
    public void Write(CheckpointHandle handle, CheckpointContent content, long epoch, Action<CheckpointOutcome> done)
    {
        if (Interlocked.Increment(ref _waiting) > MaximumWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            Finish(handle, CheckpointOutcome.Busy, done);
            return;
        }
        _ = Task.Run(async () =>
        {
            CheckpointOutcome outcome = CheckpointOutcome.Failed;
            try
            {
                outcome = await RunAsync(handle, content, epoch).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                // Nobody awaits this task, and the session must learn that its write is over.
                if (e is not OperationCanceledException) LogFailed(_logger, handle.CallId, e);
            }
            Interlocked.Decrement(ref _waiting);
            Finish(handle, outcome, done);
        }, CancellationToken.None);
    }

    /// <summary>The session has ended. Deletes its checkpoint, and tries again until it succeeds. Never waits, never throws.</summary>
    public void Delete(CheckpointHandle handle, long epoch)
    {
        if (Interlocked.Increment(ref _deleting) > MaximumDeletions)
        {
            Interlocked.Decrement(ref _deleting);
            Interlocked.Increment(ref _deletionsLeft);
            return;
        }
        _ = Task.Run(async () =>
        {
            try
            {
                if (!await DeleteAsync(handle, epoch).ConfigureAwait(false)) Interlocked.Increment(ref _deletionsLeft);
            }
            catch (Exception e)
            {
                Interlocked.Increment(ref _deletionsLeft);
                if (e is not OperationCanceledException) LogFailed(_logger, handle.CallId, e);
            }
            Interlocked.Decrement(ref _deleting);
        }, CancellationToken.None);
    }

    /// <summary>No more will come. Waits for what is under way, for as long as the token allows.</summary>
    public async Task CompleteAsync(CancellationToken cancellation)
    {
        while (Pending > 0 && !cancellation.IsCancellationRequested)
            await Task.Delay(TimeSpan.FromMilliseconds(10), _time, CancellationToken.None).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync() => await _stop.CancelAsync().ConfigureAwait(false);

    private async Task<CheckpointOutcome> RunAsync(CheckpointHandle handle, CheckpointContent content, long epoch)
    {
        await handle.Gate.WaitAsync(_stop.Token).ConfigureAwait(false);
        try
        {
            await _places.WaitAsync(_stop.Token).ConfigureAwait(false);
            try
            {
                if (handle.IsAbandoned) return CheckpointOutcome.Fenced;
                if (_codec.TrySeal(handle.CallId, epoch, content, out int cutItems) is not { } text) return CheckpointOutcome.TooLarge;
                if (cutItems > 0)
                {
                    Interlocked.Add(ref _cutItems, cutItems);
                    LogCut(_logger, handle.CallId, cutItems);
                }
                return await StoreAsync(handle, new CheckpointRecord(epoch, ++handle.Version, text)).ConfigureAwait(false);
            }
            finally
            {
                _places.Release();
            }
        }
        finally
        {
            handle.Gate.Release();
        }
    }

    private async Task<CheckpointOutcome> StoreAsync(CheckpointHandle handle, CheckpointRecord wanted)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        deadline.CancelAfter(CallLimit);
        string key = StateKeys.Checkpoint(handle.CallId);
        if (handle.FirstEpoch == 0) handle.FirstEpoch = wanted.Epoch;
        // A session that goes on here needs no look: it was read a moment ago.
        string? etag = handle.ETag;
        bool isLookDue = handle.MayExist && etag is null;
        for (int attempt = 0; attempt < Attempts; attempt++, isLookDue = true)
        {
            if (isLookDue)
            {
                StateReadResult<CheckpointRecord> read = await _store.ReadAsync(
                    ComponentNames.Checkpoints, key, ContractsJson.Default.CheckpointRecord, deadline.Token).ConfigureAwait(false);
                if (!read.IsKnown) return CheckpointOutcome.Failed;
                CheckpointRecord? there = read.Entry?.Value;
                if (there?.Epoch > wanted.Epoch) return CheckpointOutcome.Fenced;
                // One of ours may be there although its answer was lost. Another one was written by the owner before, after we had read.
                if (handle.ETag is { } basis && (there is null || (there.Epoch < handle.FirstEpoch && read.Entry!.ETag != basis)))
                    return CheckpointOutcome.Stale;
                etag = read.Entry?.ETag;
            }
            // From here on it may exist, whatever the answer is.
            handle.MayExist = true;
            StateWriteResult written = etag is null
                ? await _store.TryCreateAsync(ComponentNames.Checkpoints, key, wanted, ContractsJson.Default.CheckpointRecord, GarbageAfter,
                    deadline.Token).ConfigureAwait(false)
                : await _store.TrySaveAsync(ComponentNames.Checkpoints, key, wanted, etag, ContractsJson.Default.CheckpointRecord,
                    GarbageAfter, deadline.Token).ConfigureAwait(false);
            if (written.IsWritten)
            {
                handle.ETag = null;
                return CheckpointOutcome.Written;
            }
            if (written.Outcome != StateWriteOutcome.Conflict) return CheckpointOutcome.Failed;
        }
        return CheckpointOutcome.Failed;
    }

    /// <returns>False if it may still be there.</returns>
    private async Task<bool> DeleteAsync(CheckpointHandle handle, long epoch)
    {
        await handle.Gate.WaitAsync(_stop.Token).ConfigureAwait(false);
        try
        {
            string key = StateKeys.Checkpoint(handle.CallId);
            long deadline = _time.GetTimestamp() + (long)(GiveUpAfter.TotalSeconds * _time.TimestampFrequency);
            for (TimeSpan pause = FirstPause; handle.MayExist && !handle.IsAbandoned; pause = pause * 2 < LongestPause ? pause * 2
                : LongestPause)
            {
                StateReadResult<CheckpointRecord> read = await _store.ReadAsync(
                    ComponentNames.Checkpoints, key, ContractsJson.Default.CheckpointRecord, _stop.Token).ConfigureAwait(false);
                if (read.Outcome == StateReadOutcome.Missing || read.Entry?.Value?.Epoch > epoch) return true;
                if (read.Entry is { } entry)
                {
                    StateWriteResult deleted = await _store.DeleteAsync(ComponentNames.Checkpoints, key, entry.ETag, _stop.Token)
                        .ConfigureAwait(false);
                    if (deleted.IsWritten) return true;
                }
                if (_time.GetTimestamp() > deadline) return false;
                await Task.Delay(pause, _time, _stop.Token).ConfigureAwait(false);
            }
            return true;
        }
        finally
        {
            handle.Gate.Release();
        }
    }

    private void Finish(CheckpointHandle handle, CheckpointOutcome outcome, Action<CheckpointOutcome> done)
    {
        Interlocked.Increment(ref _outcomes[(int)outcome]);
        if (outcome == CheckpointOutcome.Fenced) handle.Abandon();
        if (outcome == CheckpointOutcome.TooLarge) LogTooLarge(_logger, handle.CallId, CheckpointCodec.MaximumBytes);
        done(outcome);
    }

    [LoggerMessage(LogLevel.Error, "{CallId}: its checkpoint failed")]
    private static partial void LogFailed(ILogger logger, string callId, Exception exception);

    [LoggerMessage(LogLevel.Warning, "{CallId}: the first {Items} items of the conversation did not fit into its checkpoint")]
    private static partial void LogCut(ILogger logger, string callId, int items);

    [LoggerMessage(LogLevel.Error, "{CallId}: its checkpoint has more than {Bytes} bytes even without the conversation. No other "
        + "transceiver could continue this call")]
    private static partial void LogTooLarge(ILogger logger, string callId, int bytes);
}

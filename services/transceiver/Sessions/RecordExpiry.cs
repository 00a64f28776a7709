using System.Threading.Channels;
using Dapr.Voice.Contracts;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Steering;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// Deletes the checkpoint and the record of an ended session some minutes after its end. A store that does not answer is asked again, for
/// <see cref="GiveUpAfter"/>. What is left then, or when this process ends, is found by <see cref="RecordSweep"/>. Any thread.
/// </summary>
internal sealed partial class RecordExpiry : IAsyncDisposable
{
    public static readonly TimeSpan GiveUpAfter = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250), LongestPause = TimeSpan.FromSeconds(10);

    private readonly IStateStore _store;
    private readonly SessionDirectory _directory;
    private readonly TimeProvider _time;
    private readonly TimeSpan _retention;
    private readonly ILogger _logger;
    private readonly Channel<(string CallId, DateTimeOffset At)> _waiting, _due;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _forgetting, _deleting;

    /// <param name="retention">How long the record of an ended session stays.</param>
    /// <param name="capacity">How many records may wait.</param>
    public RecordExpiry(
        IStateStore store, SessionDirectory directory, TimeProvider time, TimeSpan retention, int capacity, ILogger logger)
    {
        (_store, _directory, _time, _retention, _logger) = (store, directory, time, retention, logger);
        _waiting = Channel.CreateBounded<(string, DateTimeOffset)>(new BoundedChannelOptions(capacity) { SingleReader = true });
        _due = Channel.CreateBounded<(string, DateTimeOffset)>(new BoundedChannelOptions(capacity) { SingleReader = true });
        _forgetting = Task.Run(ForgetAsync, CancellationToken.None);
        _deleting = Task.Run(DeleteAsync, CancellationToken.None);
    }

    /// <summary>The session's report is done. Does nothing if the session has not ended.</summary>
    public void Add(SessionRecord record)
    {
        if (record.State != SessionState.Ended || _waiting.Writer.TryWrite((record.CallId, _time.GetUtcNow() + _retention))) return;
        // Too many records wait. The sweep deletes this one, and its copy in memory is removed now.
        Forget(record.CallId);
    }

    /// <summary>Deletes the checkpoint and then the record, by which a checkpoint is found.</summary>
    /// <returns>False if the store did not answer.</returns>
    public static async Task<bool> TryDeleteAsync(IStateStore store, StateEntry<SessionRecord> record, CancellationToken cancellation)
    {
        string callId = record.Value!.CallId;
        StateWriteResult checkpoint = await store.DeleteAsync(
            ComponentNames.Checkpoints, StateKeys.Checkpoint(callId), etag: null, cancellation).ConfigureAwait(false);
        if (checkpoint.Outcome == StateWriteOutcome.Unavailable) return false;
        StateWriteResult deleted = await store.DeleteAsync(
            ComponentNames.Sessions, StateKeys.Session(callId), record.ETag, cancellation).ConfigureAwait(false);
        return deleted.IsWritten;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_forgetting, _deleting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    // The copy in memory goes when its time has come, whatever the store does. Only the call id waits longer.
    private async Task ForgetAsync()
    {
        // All records have the same retention, so the first one in is the first one out.
        await foreach ((string callId, DateTimeOffset at) in _waiting.Reader.ReadAllAsync(_stop.Token).ConfigureAwait(false))
        {
            TimeSpan wait = at - _time.GetUtcNow();
            if (wait > TimeSpan.Zero) await Task.Delay(wait, _time, _stop.Token).ConfigureAwait(false);
            Forget(callId);
            if (!_due.Writer.TryWrite((callId, at))) LogLeft(_logger, callId, StateReadOutcome.Unavailable);
        }
    }

    private async Task DeleteAsync()
    {
        await foreach ((string callId, DateTimeOffset at) in _due.Reader.ReadAllAsync(_stop.Token).ConfigureAwait(false))
        {
            try
            {
                await DeleteAsync(callId, at).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // This is the edge of a loop that must go on.
                LogFailed(_logger, callId, e);
            }
        }
    }

    private async Task DeleteAsync(string callId, DateTimeOffset due)
    {
        for (TimeSpan pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            StateReadResult<SessionRecord> read = await _store.ReadAsync(ComponentNames.Sessions, StateKeys.Session(callId),
                ContractsJson.Default.SessionRecord, _stop.Token).ConfigureAwait(false);
            // A record that nobody can read, and one that is missing, have nothing to wait for.
            bool isOver = read.Outcome is not (StateReadOutcome.Unavailable or StateReadOutcome.Found);
            if (isOver || read.Entry is { Value: null or { State: not SessionState.Ended } }) return;
            if (read.Entry is { } entry && await TryDeleteAsync(_store, entry, _stop.Token).ConfigureAwait(false)) return;
            if (_time.GetUtcNow() - due > GiveUpAfter)
            {
                LogLeft(_logger, callId, read.Outcome);
                return;
            }
            await Task.Delay(pause, _time, _stop.Token).ConfigureAwait(false);
        }
    }

    private void Forget(string callId)
    {
        if (CallId.TryParse(callId, out _, out string id) && SessionId.TryParse(id, out SessionId sessionId)) _directory.Forget(sessionId);
    }

    [LoggerMessage(LogLevel.Warning, "{CallId}: the record could not be deleted ({Outcome}). The sweep does it later")]
    private static partial void LogLeft(ILogger logger, string callId, StateReadOutcome outcome);

    [LoggerMessage(LogLevel.Error, "{CallId}: deleting the record failed")]
    private static partial void LogFailed(ILogger logger, string callId, Exception exception);
}

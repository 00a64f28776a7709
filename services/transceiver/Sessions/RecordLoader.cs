using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Steering;
using Dapr.Voice.Udp;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// Reads the record of a session whose first packet came before its record did: pushed to nobody, or to the owner before us. Off the
/// workers' threads; the worker that asked bounds how many run.
/// </summary>
internal sealed partial class RecordLoader(
    IStateStore store, FleetOptions fleet, SessionFactory factory, SessionDirectory directory, SessionReporter reporter, TimeProvider time,
    ILogger<RecordLoader> logger)
{
    /// <summary>
    /// Starts to read; the worker hears of the end by <see cref="SessionWorker.Add"/> or <see cref="SessionWorker.NoteNotLoaded"/>.
    /// </summary>
    public void Start(SessionId id, SessionWorker worker) => _ = Task.Run(() => RunAsync(id, worker));

    private async Task RunAsync(SessionId id, SessionWorker worker)
    {
        bool isLoaded = false;
        try
        {
            isLoaded = await LoadAsync(id, worker).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // The edge of a task nobody awaits: the worker must hear of the end, or the packets it keeps stay for ever.
            LogFailed(logger, CallId.Format(fleet.Region, id.ToString()), e);
        }
        if (!isLoaded) worker.NoteNotLoaded(id);
    }

    private async Task<bool> LoadAsync(SessionId id, SessionWorker worker)
    {
        if (directory.HasEnded(id)) return false;
        string callId = CallId.Format(fleet.Region, id.ToString());
        StateReadResult<SessionRecord> read = await store.ReadAsync(
            ComponentNames.Sessions, StateKeys.Session(callId), ContractsJson.Default.SessionRecord).ConfigureAwait(false);
        if (read.Entry?.Value is not { } record)
        {
            if (!read.IsKnown) LogUnreadable(logger, callId, read.Outcome, read.ErrorCode);
            return false;
        }
        if (record.CallId != callId || record.State == SessionState.Ended || !factory.TryIdentify(record, out _)) return false;
        if (record.State == SessionState.Connected)
        {
            // Its keys were in the memory of an owner that is no more: the client's packets cannot be answered, and nobody else will say
            // so.
            reporter.Report(record with
            {
                State = SessionState.Ended,
                EndReason = SessionEndReason.OwnerLost,
                EndedAt = time.GetUtcNow(),
                EventSequence = record.EventSequence + 1,
            });
            LogOrphan(logger, callId, record.OwnerAppId);
            return false;
        }
        if (time.GetUtcNow() - record.CreatedAt > TimeSpan.FromSeconds(record.MaximumSeconds)) return false;

        if (directory.TryReserve(record.Slot) != AdmissionOutcome.Admitted) return false;
        VoiceSession? session = null;
        try
        {
            session = factory.TryCreate(record, id, worker, MonotonicClock.Now);
        }
        finally
        {
            if (session is null) directory.Release(record.Slot);
        }
        if (session is null) return false;
        worker.Add(session, null);
        return true;
    }

    [LoggerMessage(LogLevel.Warning, "{CallId}: its first packet came and its record cannot be read: {Outcome} {ErrorCode}")]
    private static partial void LogUnreadable(ILogger logger, string callId, StateReadOutcome outcome, string? errorCode);

    [LoggerMessage(LogLevel.Warning, "{CallId}: was with {Owner}, which is gone; it cannot go on")]
    private static partial void LogOrphan(ILogger logger, string callId, string owner);

    [LoggerMessage(LogLevel.Error, "{CallId}: loading failed")]
    private static partial void LogFailed(ILogger logger, string callId, Exception exception);
}

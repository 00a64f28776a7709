using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Steering;
using Dapr.Voice.Udp;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// Reads the record of a session whose first packet came before its record: the record was not pushed, or it was pushed to the owner before
/// us. It does not run on the workers' threads. The worker that asks limits how many reads run.
/// </summary>
internal sealed partial class RecordLoader(
    IStateStore store, FleetOptions fleet, SessionFactory factory, SessionDirectory directory, SessionReporter reporter, TimeProvider time,
    ILogger<RecordLoader> logger)
{
    /// <summary>
    /// Starts to read. The worker gets the result by <see cref="SessionWorker.Add"/> or <see cref="SessionWorker.NoteNotLoaded"/>.
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
            // Nobody awaits this task. The worker must get a result, because otherwise the packets that it keeps would stay forever.
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
            // The session's keys were in the memory of an owner that no longer exists. The client's packets cannot be answered, and nobody
            // else will report the end.
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

    [LoggerMessage(LogLevel.Warning, "{CallId}: the first packet has arrived, and the record cannot be read: {Outcome} {ErrorCode}")]
    private static partial void LogUnreadable(ILogger logger, string callId, StateReadOutcome outcome, string? errorCode);

    [LoggerMessage(LogLevel.Warning, "{CallId}: the session cannot go on, because its owner {Owner} is gone")]
    private static partial void LogOrphan(ILogger logger, string callId, string owner);

    [LoggerMessage(LogLevel.Error, "{CallId}: loading the record failed")]
    private static partial void LogFailed(ILogger logger, string callId, Exception exception);
}

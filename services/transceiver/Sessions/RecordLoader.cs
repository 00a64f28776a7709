using System.Collections.Concurrent;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// Makes the session of a caller's first valid check: a session costs nothing before that (docs/decisions/0034). Its record was pushed to
/// us (<see cref="UnprovenSessions"/>), or is read from the store. It does not run on the workers' threads. The worker that asks limits
/// how many loads run.
/// </summary>
internal sealed partial class RecordLoader(
    IStateStore store, FleetOptions fleet, SessionFactory factory, UnprovenSessions unproven, SessionDirectory directory,
    SessionReporter reporter, TimeProvider time, ILogger<RecordLoader> logger)
{
    private readonly ConcurrentDictionary<SessionId, TaskCompletionSource> _loading = new();

    /// <summary>
    /// Starts to load. The worker gets the result by <see cref="SessionWorker.Add"/> or <see cref="SessionWorker.NoteNotLoaded"/>.
    /// </summary>
    public void Start(SessionId id, SessionWorker worker)
    {
        var loaded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _loading[id] = loaded;
        _ = Task.Run(() => RunAsync(id, worker, loaded));
    }

    /// <summary>
    /// Completes when no load of the session runs. While one runs, neither <see cref="UnprovenSessions"/> nor <see
    /// cref="SessionDirectory"/> has the session.
    /// </summary>
    public Task LoadedAsync(SessionId id) => _loading.TryGetValue(id, out TaskCompletionSource? loaded) ? loaded.Task : Task.CompletedTask;

    /// <summary>
    /// Ends the sessions whose caller has not come in time. <see cref="Instant.Never"/> ends all that wait, with the reason <see
    /// cref="SessionEndReason.Drain"/>.
    /// </summary>
    public async Task EndUnprovenAsync(Instant now, CancellationToken cancellation)
    {
        bool isDraining = now == Instant.Never;
        SessionEndReason reason = isDraining ? SessionEndReason.Drain : SessionEndReason.SetupTimeout;
        var evicted = new Queue<UnprovenSessions.Waiting>();
        foreach (UnprovenSessions.Waiting expired in unproven.TakeExpired(now))
        {
            // The owner of a slot that was given up meanwhile knows better. So does the session, if it is alive.
            if (!directory.Serves(expired.Slot) || directory.Find(expired.Id, out SessionRecord? ended) is not null || ended is not null)
                continue;
            if (expired.Record is { State: SessionState.Created } record) EndUnproven(expired.Id, record, reason);
            else if (expired.Record is null) evicted.Enqueue(expired);
        }
        // A drain has no time to read thousands of records. The sweep of another process ends them.
        while (!isDraining && evicted.TryPeek(out UnprovenSessions.Waiting? next))
        {
            StateReadResult<SessionRecord> read = await store.ReadAsync(ComponentNames.Sessions, StateKeys.Session(next.CallId),
                ContractsJson.Default.SessionRecord, cancellation).ConfigureAwait(false);
            if (!read.IsKnown)
            {
                LogNotEnded(logger, evicted.Count, read.Outcome, read.ErrorCode);
                break;
            }
            evicted.Dequeue();
            if (read.Entry?.Value is { State: SessionState.Created } record) EndUnproven(next.Id, record, reason);
        }
        unproven.NoteUnwatched(evicted.Count);
    }

    /// <summary>Ends a session whose caller has not come. Returns false if it is not here, or lives.</summary>
    public bool TryEndUnproven(SessionId id, SessionEndReason reason)
        => unproven.Take(id) is { } record && EndUnproven(id, record, reason);

    private bool EndUnproven(SessionId id, SessionRecord record, SessionEndReason reason)
    {
        DateTimeOffset now = time.GetUtcNow();
        SessionRecord ended = record with
        {
            State = SessionState.Ended,
            EndReason = reason,
            EndedAt = now,
            EventSequence = record.EventSequence + 1,
            Statistics = new SessionStatistics(0, 0, 0, 0, null, (long)Math.Max(0, (now - record.CreatedAt).TotalMilliseconds)),
        };
        if (!directory.TryNoteEnded(id, ended)) return false;
        reporter.Report(ended);
        LogUnproven(logger, record.CallId, reason);
        return true;
    }

    private async Task RunAsync(SessionId id, SessionWorker worker, TaskCompletionSource loaded)
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
        // The worker takes its commands in order. When it answers this one, the session is in its place.
        else await worker.InspectAsync(id).ConfigureAwait(false);
        _loading.TryRemove(new(id, loaded));
        loaded.SetResult();
    }

    private async Task<bool> LoadAsync(SessionId id, SessionWorker worker)
    {
        if (directory.HasEnded(id)) return false;
        SessionRecord? record = unproven.Take(id) ?? await ReadAsync(id).ConfigureAwait(false);
        if (record is null) return false;
        switch (directory.TryReserve(record.Slot))
        {
            case AdmissionOutcome.Admitted:
                break;
            case AdmissionOutcome.NoRoom:
                // The caller is told at its next check: an ended session refuses it.
                EndUnproven(id, record, SessionEndReason.NoRoom);
                return false;
            default:
                return false;
        }
        VoiceSession? session = null;
        try
        {
            session = factory.Create(record, id, worker, MonotonicClock.Now);
        }
        finally
        {
            if (session is null) directory.Release(record.Slot);
        }
        worker.Add(session);
        return true;
    }

    /// <summary>Reads the record of a session that can still begin. Returns null if there is none.</summary>
    private async Task<SessionRecord?> ReadAsync(SessionId id)
    {
        string callId = CallId.Format(fleet.Region, id.ToString());
        StateReadResult<SessionRecord> read = await store.ReadAsync(
            ComponentNames.Sessions, StateKeys.Session(callId), ContractsJson.Default.SessionRecord).ConfigureAwait(false);
        if (read.Entry?.Value is not { } record)
        {
            if (!read.IsKnown) LogUnreadable(logger, callId, read.Outcome, read.ErrorCode);
            return null;
        }
        if (record.CallId != callId || !factory.TryIdentify(record, out _)) return null;
        if (record.State == SessionState.Ended)
        {
            // Somebody else ended it: it was hung up in the moment in which its caller came. The caller's next check is refused.
            if (directory.TryNoteEndedElsewhere(id, record)) reporter.Remember(record);
            return null;
        }
        if (record.State == SessionState.Connected)
        {
            // The session's keys were in the memory of an owner that no longer exists. The client's packets cannot be answered, and nobody
            // else will report the end.
            SessionRecord ended = record with
            {
                State = SessionState.Ended,
                EndReason = SessionEndReason.OwnerLost,
                EndedAt = time.GetUtcNow(),
                EventSequence = record.EventSequence + 1,
            };
            if (!directory.TryNoteEnded(id, ended)) return null;
            reporter.Report(ended);
            LogOrphan(logger, callId, record.OwnerAppId);
            return null;
        }
        return time.GetUtcNow() - record.CreatedAt > TimeSpan.FromSeconds(record.MaximumSeconds) ? null : record;
    }

    [LoggerMessage(LogLevel.Warning, "{CallId}: the first packet has arrived, and the record cannot be read: {Outcome} {ErrorCode}")]
    private static partial void LogUnreadable(ILogger logger, string callId, StateReadOutcome outcome, string? errorCode);

    [LoggerMessage(LogLevel.Warning,
        "{Sessions} sessions whose caller has not come get no end, because their records cannot be read: {Outcome} {ErrorCode}")]
    private static partial void LogNotEnded(ILogger logger, int sessions, StateReadOutcome outcome, string? errorCode);

    [LoggerMessage(LogLevel.Warning, "{CallId}: the session cannot go on, because its owner {Owner} is gone")]
    private static partial void LogOrphan(ILogger logger, string callId, string owner);

    [LoggerMessage(LogLevel.Information, "{CallId}: ended before its session began, {Reason}")]
    private static partial void LogUnproven(ILogger logger, string callId, SessionEndReason reason);

    [LoggerMessage(LogLevel.Error, "{CallId}: loading the record failed")]
    private static partial void LogFailed(ILogger logger, string callId, Exception exception);
}

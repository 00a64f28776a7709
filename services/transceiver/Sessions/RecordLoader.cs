using System.Collections.Concurrent;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Steering;
using Dapr.Voice.Transceiver.Checkpoints;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// Makes the session of a caller's first valid check: a session costs nothing before that (docs/decisions/0034). Its record was pushed to
/// us (<see cref="UnprovenSessions"/>), or is read from the store. A session that was connected at another transceiver goes on here with
/// its checkpoint, if the slot is ours now, or it ends. It does not run on the workers' threads, and loads run side by side. The worker
/// that asks limits how many.
/// </summary>
/// <param name="checkpoints">Null if the setting turns checkpoints off. No session of another transceiver can go on then.</param>
internal sealed partial class RecordLoader(
    IStateStore store, FleetOptions fleet, SessionFactory factory, CheckpointReader? checkpoints, UnprovenSessions unproven,
    SessionDirectory directory, SessionReporter reporter, TimeProvider time, ILogger<RecordLoader> logger)
{
    /// <summary>A session about which the store said nothing is looked up again after this time.</summary>
    public static readonly TimeSpan UnknownLifetime = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<SessionId, TaskCompletionSource> _loading = new();

    /// <summary>
    /// Starts to load. The worker gets the result by <see cref="SessionWorker.Add"/> or <see cref="SessionWorker.NoteNotLoaded"/>.
    /// </summary>
    /// <param name="from">Where the session's first packet came from.</param>
    /// <param name="isProven">The packet is a valid check. Another packet can only continue a session that is connected.</param>
    public void Start(SessionId id, SessionWorker worker, TransportPath from, bool isProven)
    {
        var loaded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _loading[id] = loaded;
        _ = Task.Run(() => RunAsync(id, worker, from, isProven, loaded));
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
        double milliseconds = Math.Max(0, (time.GetUtcNow() - record.CreatedAt).TotalMilliseconds);
        if (!EndHere(id, record with { Statistics = new SessionStatistics(0, 0, 0, 0, null, (long)milliseconds) }, reason)) return false;
        LogUnproven(logger, record.CallId, reason);
        return true;
    }

    private bool EndHere(SessionId id, SessionRecord record, SessionEndReason reason)
    {
        SessionRecord ended = record with
        {
            State = SessionState.Ended,
            EndReason = reason,
            EndedAt = time.GetUtcNow(),
            EventSequence = record.EventSequence + 1,
        };
        if (!directory.TryNoteEnded(id, ended)) return false;
        reporter.Report(ended);
        return true;
    }

    private async Task RunAsync(SessionId id, SessionWorker worker, TransportPath from, bool isProven, TaskCompletionSource loaded)
    {
        TimeSpan? missed = SessionWorker.MissLifetime;
        try
        {
            missed = await LoadAsync(id, worker, from, isProven).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Nobody awaits this task. The worker must get a result, because otherwise the packets that it keeps would stay forever.
            LogFailed(logger, CallId.Format(fleet.Region, id.ToString()), e);
        }
        if (missed is { } lifetime) worker.NoteNotLoaded(id, lifetime);
        // The worker takes its commands in order. When it answers this one, the session is in its place.
        else await worker.InspectAsync(id).ConfigureAwait(false);
        _loading.TryRemove(new(id, loaded));
        loaded.SetResult();
    }

    /// <returns>Null if the worker has the session. Otherwise how long it is not looked up again.</returns>
    private async Task<TimeSpan?> LoadAsync(SessionId id, SessionWorker worker, TransportPath from, bool isProven)
    {
        if (directory.HasEnded(id)) return SessionWorker.MissLifetime;
        if (isProven && unproven.Take(id) is { } pushed) return TryPlace(pushed, id, worker, Create) ? null : SessionWorker.MissLifetime;

        string callId = CallId.Format(fleet.Region, id.ToString());
        // A packet that is no check belongs to a session that is connected. So its checkpoint is read beside its record.
        Task<FoundCheckpoint>? early = isProven ? null : checkpoints?.ReadAsync(callId);
        StateReadResult<SessionRecord> read = await store.ReadAsync(
            ComponentNames.Sessions, StateKeys.Session(callId), ContractsJson.Default.SessionRecord).ConfigureAwait(false);
        if (read.Entry?.Value is not { } record)
        {
            if (!read.IsKnown) LogUnreadable(logger, callId, read.Outcome, read.ErrorCode);
            return read.IsKnown ? SessionWorker.MissLifetime : UnknownLifetime;
        }
        if (record.CallId != callId || !factory.TryIdentify(record, out _)) return SessionWorker.MissLifetime;
        if (record.State == SessionState.Ended)
        {
            // Somebody else ended it: it was hung up in the moment in which its caller came. The caller's next check is refused.
            if (directory.TryNoteEndedElsewhere(id, record)) reporter.Remember(record);
            return SessionWorker.MissLifetime;
        }
        if (record.State == SessionState.Connected)
        {
            if (directory.EpochOf(record.Slot) is not { } epoch) return SessionWorker.MissLifetime;
            FoundCheckpoint found = checkpoints is null ? new FoundCheckpoint(true)
                : await (early ?? checkpoints.ReadAsync(callId)).ConfigureAwait(false);
            return Continue(record, id, worker, from, found, epoch);
        }
        if (!isProven || time.GetUtcNow() - record.CreatedAt > TimeSpan.FromSeconds(record.MaximumSeconds))
            return SessionWorker.MissLifetime;
        return TryPlace(record, id, worker, Create) ? null : SessionWorker.MissLifetime;

        VoiceSession Create(SessionRecord begins) => factory.Create(begins, id, worker, MonotonicClock.Now);
    }

    /// <summary>A session that was connected at another transceiver, or at an earlier process of this one, goes on here or ends.</summary>
    /// <inheritdoc cref="LoadAsync"/>
    private TimeSpan? Continue(
        SessionRecord record, SessionId id, SessionWorker worker, TransportPath from, FoundCheckpoint found, long epoch)
    {
        if (!found.IsKnown)
        {
            LogCheckpointUnreadable(logger, record.CallId);
            return UnknownLifetime;
        }
        // We have lost the slot and do not know it yet. Its owner answers.
        if (found.Epoch > epoch) return SessionWorker.MissLifetime;
        if (found.Content is not { } content)
        {
            // Its keys died with its owner, and nobody else will report the end. The caller is told at its next check.
            if (EndHere(id, record, SessionEndReason.OwnerLost))
                LogOrphan(logger, record.CallId, record.OwnerAppId, found.Epoch > 0 ? "does not open" : "is missing");
            return SessionWorker.MissLifetime;
        }
        return TryPlace(record, id, worker, lost => factory.Resume(lost, id, worker, content, found.ETag, from, MonotonicClock.Now)) ? null
            : SessionWorker.MissLifetime;
    }

    private bool TryPlace(SessionRecord record, SessionId id, SessionWorker worker, Func<SessionRecord, VoiceSession> make)
    {
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
            session = make(record);
        }
        finally
        {
            if (session is null) directory.Release(record.Slot);
        }
        worker.Add(session);
        return true;
    }

    [LoggerMessage(LogLevel.Warning, "{CallId}: the first packet has arrived, and the record cannot be read: {Outcome} {ErrorCode}")]
    private static partial void LogUnreadable(ILogger logger, string callId, StateReadOutcome outcome, string? errorCode);

    [LoggerMessage(LogLevel.Warning,
        "{Sessions} sessions whose caller has not come get no end, because their records cannot be read: {Outcome} {ErrorCode}")]
    private static partial void LogNotEnded(ILogger logger, int sessions, StateReadOutcome outcome, string? errorCode);

    [LoggerMessage(LogLevel.Warning, "{CallId}: its first packet has arrived here, and its checkpoint cannot be read")]
    private static partial void LogCheckpointUnreadable(ILogger logger, string callId);

    [LoggerMessage(LogLevel.Warning, "{CallId}: the session cannot go on: its owner {Owner} is gone, and its checkpoint {State}")]
    private static partial void LogOrphan(ILogger logger, string callId, string owner, string state);

    [LoggerMessage(LogLevel.Information, "{CallId}: ended before its session began, {Reason}")]
    private static partial void LogUnproven(ILogger logger, string callId, SessionEndReason reason);

    [LoggerMessage(LogLevel.Error, "{CallId}: loading the record failed")]
    private static partial void LogFailed(ILogger logger, string callId, Exception exception);
}

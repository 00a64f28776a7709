using Dapr.Voice.Contracts;
using Dapr.Voice.Sidecar;

namespace Dapr.Voice.Signaling.Sessions;

/// <summary>An end that may have been written: the store did not answer.</summary>
/// <param name="At">The end of our write, by which it is known again.</param>
internal sealed record UnsettledEnd(string CallId, SessionEndReason Reason, DateTimeOffset At);

/// <summary>
/// Writes the end of a session that no owner has into its record. The writer that wins the compare-and-set publishes the event, so it is
/// published once, by us or by an owner. If the store does not say who won, it is asked again for ten minutes.
/// </summary>
internal sealed class RecordEnder(
    IStateStore store, LifecyclePublisher events, TimeProvider time, ILogger<RecordEnder> logger) : QueuedWork<UnsettledEnd>(logger)
{
    /// <summary>
    /// The number of rounds of read and compare-and-set. A lost round means that somebody else wrote, so a few are enough.
    /// </summary>
    private const int MaximumRounds = 5;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1), LongestPause = TimeSpan.FromSeconds(10),
        GiveUpAfter = TimeSpan.FromMinutes(10);

    private long _lastEnd;

    /// <summary>Ends the record, if it has not ended already.</summary>
    public async Task<EndOutcome> EndAsync(string callId, SessionEndReason reason, CancellationToken cancellation)
    {
        var end = new UnsettledEnd(callId, reason, NextEnd());
        (EndOutcome outcome, bool mayBeWritten) = await TryAsync(end, isAgain: false, cancellation);
        if (outcome == EndOutcome.Unknown && mayBeWritten) TryEnqueue(end);
        return outcome;
    }

    private protected override string CallIdOf(UnsettledEnd item) => item.CallId;

    private protected override async Task HandleAsync(UnsettledEnd item, CancellationToken cancellation)
    {
        for (TimeSpan pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            await PauseAsync(pause, time, cancellation);
            if ((await TryAsync(item, isAgain: true, cancellation)).Outcome != EndOutcome.Unknown) return;
            if (time.GetUtcNow() - item.At > GiveUpAfter)
            {
                SignalingLog.EndUnsettled(Logger, item.CallId);
                return;
            }
        }
    }

    /// <param name="isAgain">An earlier attempt may have written this end.</param>
    private async Task<(EndOutcome Outcome, bool MayBeWritten)> TryAsync(UnsettledEnd end, bool isAgain, CancellationToken cancellation)
    {
        bool mayBeWritten = isAgain;
        for (int round = 0; round < MaximumRounds; round++)
        {
            StateReadResult<SessionRecord> read = await store.ReadAsync(
                ComponentNames.Sessions, StateKeys.Session(end.CallId), ContractsJson.Default.SessionRecord, cancellation);
            if (read.Outcome == StateReadOutcome.Missing) return (EndOutcome.AlreadyEnded, mayBeWritten);
            if (read.Entry is not { Value: { } record } entry) return (EndOutcome.Unknown, mayBeWritten);
            if (record.State == SessionState.Ended)
            {
                // A write whose answer was lost was still ours, and so is its event.
                bool isOurs = mayBeWritten && record.EndedAt == end.At && record.EndReason == end.Reason;
                return (isOurs ? Announce(record) : EndOutcome.AlreadyEnded, mayBeWritten);
            }

            SessionRecord ended = record with { State = SessionState.Ended, EndReason = end.Reason, EndedAt = end.At,
                EventSequence = record.EventSequence + 1 };
            mayBeWritten = true;
            StateWriteResult write = await store.TrySaveAsync(
                ComponentNames.Sessions, entry.Key, ended, entry.ETag, ContractsJson.Default.SessionRecord, timeToLive: null, cancellation);
            if (write.IsWritten) return (Announce(ended), mayBeWritten);
            if (write.Outcome == StateWriteOutcome.Refused) return (EndOutcome.Unknown, false);
        }
        return (EndOutcome.Unknown, mayBeWritten);
    }

    /// <summary>Two ends of this process never have the same time, because each is known again by its own.</summary>
    private DateTimeOffset NextEnd()
    {
        while (true)
        {
            long last = Volatile.Read(ref _lastEnd), now = time.GetUtcNow().UtcTicks;
            // A clock that was set back is followed.
            long next = last - now > TimeSpan.TicksPerSecond ? now : Math.Max(now, last + 1);
            if (Interlocked.CompareExchange(ref _lastEnd, next, last) == last) return new DateTimeOffset(next, TimeSpan.Zero);
        }
    }

    private EndOutcome Announce(SessionRecord ended)
    {
        events.Publish(LifecycleEventTypes.SessionEnded, ended);
        SignalingLog.EndedHere(Logger, ended.CallId, ended.EndReason);
        return EndOutcome.Ended;
    }
}

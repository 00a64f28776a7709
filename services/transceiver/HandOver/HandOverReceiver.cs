using System.Collections.Concurrent;
using Dapr.Voice.Contracts;
using Dapr.Voice.Steering;
using Dapr.Voice.Transceiver.Checkpoints;
using Dapr.Voice.Transceiver.Sessions;
using Dapr.Voice.Udp;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.HandOver;

/// <summary>
/// The successor's side of a live hand-over. <c>announce</c> connects the backends of sessions that come soon. <c>state</c> makes the
/// sessions, and keeps them: their slots still belong to the old owner. <c>commit</c> says that the slots' records name us. Only then the
/// sessions begin. Any thread.
/// </summary>
/// <param name="serve">Serves a slot under an epoch that its record in the store has.</param>
internal sealed partial class HandOverReceiver(
    string incarnation, CheckpointCodec codec, SessionFactory factory, SessionDirectory directory, IReadOnlyList<SessionWorker> workers,
    Action<int, long> serve, Func<bool> isAdmitting, ILogger logger) : IDisposable
{
    /// <summary>A session that waits longer than this for its commit is dropped. It is then loaded from its checkpoint.</summary>
    public static readonly TimeSpan StagedLimit = TimeSpan.FromSeconds(3);

    /// <summary>A backend that takes longer to answer is waited for by its session alone.</summary>
    private static readonly TimeSpan BackendLimit = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<SessionId, Staged> _staged = new();

    /// <summary>Says how much room there is.</summary>
    /// <returns>Null if we take nothing.</returns>
    public HandOverAnswer? Prepare() => isAdmitting() ? Answer([]) : null;

    /// <summary>
    /// Connects to the backends of sessions that go on at their owner for a moment, so that they find them connected when they come. One
    /// session is made that never begins, so that the first real one does not wait for the compiler.
    /// </summary>
    /// <param name="request">The states are sealed for <see cref="RehearsalEpoch"/>.</param>
    /// <returns>Null if we take nothing.</returns>
    public async Task<HandOverAnswer?> AnnounceAsync(HandOverRequest request)
    {
        if (!isAdmitting()) return null;
        var backends = new List<Task>();
        foreach (HandedSession announced in request.Sessions.Take(Room))
        {
            if (codec.TryOpen(announced.Record.CallId, RehearsalEpoch, announced.Sealed) is not { } content) continue;
            if (backends.Count == 0) Rehearse(announced);
            backends.Add(factory.PrepareAgentAsync(announced.Record, content.Facts.Agent));
        }
        await Task.WhenAll(backends).WaitAsync(BackendLimit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return Answer([]);
    }

    /// <summary>Makes a session that never begins.</summary>
    /// <param name="sample">Sealed for <see cref="RehearsalEpoch"/>.</param>
    private void Rehearse(HandedSession sample) => Make(sample, sample.Record.Slot, RehearsalEpoch)?.Dispose();

    /// <summary>The epoch that seals the session of a rehearsal. No slot has it.</summary>
    public const long RehearsalEpoch = 0;

    /// <summary>Makes the sessions of some slots and keeps them.</summary>
    /// <returns>Null if we take nothing.</returns>
    public HandOverAnswer? Stage(HandOverRequest request)
    {
        if (!isAdmitting()) return null;
        DropOld();
        var epochs = request.Slots.ToDictionary(slot => slot.Slot, slot => slot.Epoch);
        var taken = new List<string>();
        int room = Room;
        foreach (HandedSession handed in request.Sessions)
        {
            if (room == taken.Count || !epochs.TryGetValue(handed.Record.Slot, out long epoch)
                || !factory.TryIdentify(handed.Record, out SessionId id)
                || Make(handed, handed.Record.Slot, epoch) is not { } session) continue;
            if (epoch == RehearsalEpoch)
            {
                session.Dispose();
                continue;
            }
            if (_staged.TryRemove(id, out Staged? older)) older.Session.Dispose();
            _staged[id] = new Staged(session, WorkerOf(session.Slot), epoch, MonotonicClock.Now);
            taken.Add(handed.Record.CallId);
        }
        return Answer(taken);
    }

    /// <summary>The slots are ours. Their sessions begin.</summary>
    public HandOverAnswer Commit(HandOverRequest request)
    {
        var begun = new List<string>();
        var begunBy = new Dictionary<SessionId, SessionWorker>();
        foreach (HandedSlot slot in request.Slots)
        {
            serve(slot.Slot, slot.Epoch);
            foreach ((SessionId id, Staged staged) in _staged)
            {
                if (staged.Session.Slot != slot.Slot || staged.Epoch != slot.Epoch || !_staged.TryRemove(id, out _)) continue;
                if (directory.TryReserve(slot.Slot) != AdmissionOutcome.Admitted)
                {
                    staged.Session.Dispose();
                    continue;
                }
                begun.Add(staged.Session.Session.CallId);
                staged.Worker.Add(staged.Session);
                begunBy[id] = staged.Worker;
            }
        }
        foreach (HandedPacket? packet in request.Packets ?? [])
        {
            if (packet?.Payload is { Length: > 0 and <= PeerSession.MaximumDatagramBytes } bytes
                && CallId.TryParse(packet.CallId, out _, out string text) && SessionId.TryParse(text, out SessionId id))
                (begunBy.GetValueOrDefault(id) ?? directory.Find(id, out _) ?? workers[0]).Deliver(id, bytes);
        }
        // A rehearsal has no slots, and neither has what came late.
        if (request.Slots.Count > 0) LogTaken(logger, request.Slots.Count, begun.Count, request.Shard);
        return Answer(begun);
    }

    public void Dispose()
    {
        foreach (SessionId id in _staged.Keys)
        {
            if (_staged.TryRemove(id, out Staged? staged)) staged.Session.Dispose();
        }
    }

    private int Room => Math.Max(0, directory.Capacity - directory.Living - _staged.Count);

    private HandOverAnswer Answer(IReadOnlyList<string> sessions) => new(incarnation, Room, sessions);

    private VoiceSession? Make(HandedSession handed, int slot, long epoch)
    {
        if (!factory.TryIdentify(handed.Record, out SessionId id)
            || codec.TryOpen(handed.Record.CallId, epoch, handed.Sealed) is not { } content)
        {
            LogUnreadable(logger, handed.Record.CallId.Length > 64 ? "" : handed.Record.CallId);
            return null;
        }
        return factory.Resume(handed.Record, id, WorkerOf(slot), content, etag: null, from: null, MonotonicClock.Now);
    }

    private SessionWorker WorkerOf(int slot) => workers[slot % workers.Count];

    private void DropOld()
    {
        Instant oldest = MonotonicClock.Now - StagedLimit;
        foreach ((SessionId id, Staged staged) in _staged)
        {
            if (staged.At < oldest && _staged.TryRemove(id, out _)) staged.Session.Dispose();
        }
    }

    private sealed record Staged(VoiceSession Session, SessionWorker Worker, long Epoch, Instant At);

    [LoggerMessage(LogLevel.Information, "Took {Slots} slots with {Sessions} sessions from shard {Shard}")]
    private static partial void LogTaken(ILogger logger, int slots, int sessions, int shard);

    [LoggerMessage(LogLevel.Error, "{CallId}: the state that was handed over cannot be read")]
    private static partial void LogUnreadable(ILogger logger, string callId);
}

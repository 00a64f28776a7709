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
/// sessions, and keeps them: their slots still belong to the old owner. <c>commit</c> says that the slots' records name us. Only when both
/// are here the sessions begin. Any thread.
/// </summary>
/// <param name="tryServe">Serves a slot under an epoch that its record in the store has. The last argument is the shard that gave it. It
/// returns false if the slot has gone on to another transceiver meanwhile.</param>
internal sealed partial class HandOverReceiver(
    string incarnation, int slotCount, CheckpointCodec codec, SessionFactory factory, SessionDirectory directory,
    IReadOnlyList<SessionWorker> workers, Func<int, long, int, bool> tryServe, Func<bool> isAdmitting, ILogger logger) : IDisposable
{
    /// <summary>A session that waits longer than this for its commit is dropped. It is then loaded from its checkpoint.</summary>
    public static readonly TimeSpan StagedLimit = TimeSpan.FromSeconds(3);

    /// <summary>A backend that takes longer to answer is waited for by its session alone.</summary>
    private static readonly TimeSpan BackendLimit = TimeSpan.FromMilliseconds(250);

    /// <summary>How many packets are kept for sessions whose <c>commit</c> is here before their <c>state</c>.</summary>
    private const int MaximumKeptPackets = 512;

    // The values are classes. A collection of structs would be compiled at the first hand-over, while its sessions stand still.
    private readonly Lock _lock = new();
    private readonly Dictionary<SessionId, Staged> _staged = [];
    private readonly Dictionary<int, Expected> _expected = [];
    private readonly List<Kept> _kept = [];
    private readonly Dictionary<SessionId, Begun> _begun = [];

    /// <summary>Says how much room there is.</summary>
    /// <returns>Null if we take nothing.</returns>
    public HandOverAnswer? Prepare() => isAdmitting() ? Answer([]) : null;

    /// <summary>
    /// Connects to the backends of sessions that go on at their owner for a moment, so that they find them connected when they come.
    /// </summary>
    /// <param name="request">The states are sealed for <see cref="RehearsalEpoch"/>: these sessions never begin.</param>
    /// <returns>Null if we take nothing.</returns>
    public async Task<HandOverAnswer?> AnnounceAsync(HandOverRequest request)
    {
        if (!isAdmitting()) return null;
        var backends = new List<Task>();
        foreach (HandedSession announced in request.Sessions.Take(Room))
        {
            if (codec.TryOpen(announced.Record.CallId, RehearsalEpoch, announced.Sealed) is not { } content) continue;
            backends.Add(factory.PrepareAgentAsync(announced.Record, content.Facts.Agent));
        }
        await Task.WhenAll(backends).WaitAsync(BackendLimit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return Answer([]);
    }

    /// <summary>The epoch that seals the session of a rehearsal. No slot has it.</summary>
    public const long RehearsalEpoch = 0;

    /// <summary>Makes the sessions of some slots. They begin if <c>commit</c> is here already.</summary>
    /// <returns>Null if we take nothing.</returns>
    public HandOverAnswer? Stage(HandOverRequest request)
    {
        if (!isAdmitting()) return null;
        DropOld();
        var taken = new List<string>();
        var begun = new List<string>();
        int room = Room;
        foreach (HandedSession handed in request.Sessions)
        {
            HandedSlot? slot = null;
            foreach (HandedSlot one in request.Slots)
            {
                if (one.Slot == handed.Record.Slot) slot = one;
            }
            if (room == taken.Count || slot is null || (uint)slot.Slot >= (uint)slotCount
                || !factory.TryIdentify(handed.Record, out SessionId id)
                || Make(handed, slot.Slot, slot.Epoch) is not { } session) continue;
            if (slot.Epoch == RehearsalEpoch)
            {
                session.Dispose();
                continue;
            }
            taken.Add(handed.Record.CallId);
            var staged = new Staged(id, session, WorkerOf(session.Slot), slot.Epoch, request.Shard, MonotonicClock.Now);
            // The record may name us before the sessions begin, and a slot without sessions could go on to somebody else.
            directory.Hold(session.Slot);
            Staged? older;
            bool isCommitted;
            lock (_lock)
            {
                _staged.Remove(id, out older);
                isCommitted = _expected.TryGetValue(slot.Slot, out Expected? expected) && expected.Epoch == slot.Epoch;
                if (!isCommitted) _staged[id] = staged;
            }
            if (older is not null) Drop(older);
            if (isCommitted && TryBegin(staged)) begun.Add(handed.Record.CallId);
        }
        Tell(request, begun);
        return Answer(taken);
    }

    /// <summary>The slots are ours. Their sessions begin as soon as they are here.</summary>
    public HandOverAnswer Commit(HandOverRequest request)
    {
        var ready = new List<Staged>();
        lock (_lock)
        {
            foreach (HandedSlot slot in request.Slots)
            {
                foreach (Staged staged in _staged.Values)
                {
                    if (staged.Session.Slot == slot.Slot && staged.Epoch == slot.Epoch) ready.Add(staged);
                }
                if (request.IsEarly) _expected[slot.Slot] = new Expected(slot.Epoch, MonotonicClock.Now);
            }
            foreach (Staged staged in ready) _staged.Remove(staged.Id);
        }
        // Whoever comes for another session of these slots finds it in its checkpoint. So an early commit waits for the state.
        if (!request.IsEarly)
        {
            foreach (HandedSlot slot in request.Slots) tryServe(slot.Slot, slot.Epoch, request.Shard);
        }
        var begun = new List<string>();
        foreach (Staged staged in ready)
        {
            if (TryBegin(staged)) begun.Add(staged.Session.Session.CallId);
        }
        foreach (HandedPacket? packet in request.Packets ?? [])
        {
            if (packet?.Payload is { Length: > 0 and <= PeerSession.MaximumDatagramBytes } bytes
                && CallId.TryParse(packet.CallId, out _, out string text) && SessionId.TryParse(text, out SessionId id))
                Deliver(id, bytes, request.IsEarly);
        }
        Tell(request, begun);
        return Answer(begun);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (Staged staged in _staged.Values) Drop(staged);
            _staged.Clear();
        }
    }

    private bool TryBegin(Staged staged)
    {
        if (!tryServe(staged.Session.Slot, staged.Epoch, staged.From)
            || directory.TryReserve(staged.Session.Slot) != AdmissionOutcome.Admitted)
        {
            Drop(staged);
            return false;
        }
        directory.LetGo(staged.Session.Slot);
        staged.Worker.Add(staged.Session);
        lock (_lock)
        {
            foreach (Kept kept in _kept)
            {
                if (kept.Id == staged.Id) staged.Worker.Deliver(kept.Id, kept.Payload);
            }
            _kept.RemoveAll(kept => kept.Id == staged.Id);
            _begun[staged.Id] = new Begun(staged.Id, staged.Worker, MonotonicClock.Now);
        }
        return true;
    }

    // The directory knows a session only when its worker has had its turn.
    private void Deliver(SessionId id, byte[] payload, bool mayCome)
    {
        lock (_lock)
        {
            if (_begun.TryGetValue(id, out Begun? begun)) begun.Worker.Deliver(id, payload);
            else if (mayCome && _kept.Count < MaximumKeptPackets) _kept.Add(new Kept(id, payload, MonotonicClock.Now));
            else (directory.Find(id, out _) ?? workers[0]).Deliver(id, payload);
        }
    }

    private void Tell(HandOverRequest request, List<string> begun)
    {
        if (begun.Count > 0)
            LogTaken(logger, $"{request.Slots.Count} slots with {begun.Count} sessions from shard {request.Shard}");
    }

    private int Room
    {
        get
        {
            lock (_lock) return Math.Max(0, directory.Capacity - directory.Living - _staged.Count);
        }
    }

    private HandOverAnswer Answer(IReadOnlyList<string> sessions) => new(incarnation, Room, sessions, TakesEarly: true);

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

    private void Drop(Staged staged)
    {
        directory.LetGo(staged.Session.Slot);
        staged.Session.Dispose();
    }

    private void DropOld()
    {
        Instant oldest = MonotonicClock.Now - StagedLimit;
        lock (_lock)
        {
            foreach (Staged staged in _staged.Values)
            {
                if (staged.At < oldest && _staged.Remove(staged.Id)) Drop(staged);
            }
            foreach ((int slot, Expected expected) in _expected)
            {
                if (expected.At < oldest) _expected.Remove(slot);
            }
            foreach (Begun begun in _begun.Values)
            {
                if (begun.At < oldest) _begun.Remove(begun.Id);
            }
            // Their sessions have come in another way, or the worker counts them.
            foreach (Kept kept in _kept)
            {
                if (kept.At < oldest) (directory.Find(kept.Id, out _) ?? workers[0]).Deliver(kept.Id, kept.Payload);
            }
            _kept.RemoveAll(kept => kept.At < oldest);
        }
    }

    private sealed record Expected(long Epoch, Instant At);

    private sealed record Kept(SessionId Id, byte[] Payload, Instant At);

    private sealed record Begun(SessionId Id, SessionWorker Worker, Instant At);

    private sealed record Staged(SessionId Id, VoiceSession Session, SessionWorker Worker, long Epoch, int From, Instant At);

    // One argument: a message with several numbers is generic code that the first hand-over would wait for.
    [LoggerMessage(LogLevel.Information, "Took {Step}")]
    private static partial void LogTaken(ILogger logger, string step);

    [LoggerMessage(LogLevel.Error, "{CallId}: the state that was handed over cannot be read")]
    private static partial void LogUnreadable(ILogger logger, string callId);
}

using System.Collections.Concurrent;
using Dapr.Voice.Contracts;
using Dapr.Voice.Steering;
using Dapr.Voice.Transceiver.Ownership;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// Which worker has which session, how many there may be, and what became of those that ended lately. For HTTP and admission; packets
/// never come here. Any thread.
/// </summary>
internal sealed class SessionDirectory(int capacity, SlotTable slots)
{
    private readonly ConcurrentDictionary<SessionId, Entry> _entries = new();
    private readonly long[] _ended = new long[Enum.GetValues<SessionEndReason>().Length];
    private int _living;
    private long _connected, _refused;

    /// <summary>Sessions that live, those being created included.</summary>
    public int Living => Volatile.Read(ref _living);

    public int Capacity => capacity;

    /// <summary>Sessions that became connected, ever.</summary>
    public long Connected => Volatile.Read(ref _connected);

    /// <summary>Sessions refused for want of room or of the slot, ever.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Sessions that ended for this reason, ever.</summary>
    public long EndedFor(SessionEndReason reason) => Volatile.Read(ref _ended[(int)reason]);

    /// <summary>Takes a place for a session: in the capacity and in its slot. Give it back with <see cref="Release"/>, once.</summary>
    public AdmissionOutcome TryReserve(int slot)
    {
        if (Interlocked.Increment(ref _living) > capacity)
        {
            Interlocked.Decrement(ref _living);
            Interlocked.Increment(ref _refused);
            return AdmissionOutcome.NoRoom;
        }
        if (slots.TryEnter(slot)) return AdmissionOutcome.Admitted;
        Interlocked.Decrement(ref _living);
        Interlocked.Increment(ref _refused);
        return AdmissionOutcome.NotOwner;
    }

    public void Release(int slot)
    {
        slots.Exit(slot);
        Interlocked.Decrement(ref _living);
    }

    public void NoteLiving(SessionId id, SessionWorker worker) => _entries[id] = new Entry(worker, null);

    public void NoteConnected() => Interlocked.Increment(ref _connected);

    /// <param name="record">As it will stay.</param>
    public void NoteEnded(SessionId id, SessionRecord record)
    {
        _entries[id] = new Entry(null, record);
        Interlocked.Increment(ref _ended[(int)record.EndReason]);
    }

    /// <summary>Forgets a session that ended, when its record goes.</summary>
    public void Forget(SessionId id)
    {
        if (_entries.TryGetValue(id, out Entry? entry) && entry.Worker is null) _entries.TryRemove(new(id, entry));
    }

    public bool HasEnded(SessionId id) => _entries.TryGetValue(id, out Entry? entry) && entry.Ended is not null;

    /// <summary>The worker that has the session; null if it has ended (<paramref name="ended"/>) or was never here.</summary>
    public SessionWorker? Find(SessionId id, out SessionRecord? ended)
    {
        Entry? entry = _entries.GetValueOrDefault(id);
        ended = entry?.Ended;
        return entry?.Worker;
    }

    private sealed record Entry(SessionWorker? Worker, SessionRecord? Ended);
}

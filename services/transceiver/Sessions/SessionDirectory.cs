using System.Collections.Concurrent;
using Dapr.Voice.Contracts;
using Dapr.Voice.Steering;
using Dapr.Voice.Transceiver.Ownership;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// Which worker has which session, how many sessions there may be, and the records of those that ended lately. HTTP and admission use it.
/// Packets do not. Any thread.
/// </summary>
internal sealed class SessionDirectory(int capacity, SlotTable slots)
{
    private readonly ConcurrentDictionary<SessionId, Entry> _entries = new();
    private readonly long[] _ended = new long[Enum.GetValues<SessionEndReason>().Length];
    private int _living;
    private long _connected, _refused, _resumed, _lost, _handedOver;

    /// <summary>The number of sessions whose caller has come, including those that are being created.</summary>
    public int Living => Volatile.Read(ref _living);

    public int Capacity => capacity;

    /// <summary>The number of sessions that became connected since the start.</summary>
    public long Connected => Volatile.Read(ref _connected);

    /// <summary>
    /// The number of sessions since the start that were refused because there was no room or because the slot is not ours.
    /// </summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>The number of sessions of other transceivers that were continued here since the start.</summary>
    public long Resumed => Volatile.Read(ref _resumed);

    /// <summary>The number of sessions since the start that another transceiver has taken from here.</summary>
    public long Lost => Volatile.Read(ref _lost);

    /// <summary>The number of sessions since the start that were handed over to another transceiver.</summary>
    public long HandedOver => Volatile.Read(ref _handedOver);

    /// <summary>The number of sessions that ended for this reason since the start.</summary>
    public long EndedFor(SessionEndReason reason) => Volatile.Read(ref _ended[(int)reason]);

    public bool Serves(int slot) => slots.IsServed(slot);

    /// <summary>The epoch of a slot, or null if it is not served.</summary>
    public long? EpochOf(int slot) => slots.EpochOf(slot);

    /// <summary>Reserves a place for a session in the capacity and in its slot. Return it once with <see cref="Release"/>.</summary>
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

    /// <inheritdoc cref="SlotTable.Hold"/>
    public void Hold(int slot) => slots.Hold(slot);

    /// <summary>Returns what <see cref="Hold"/> counted.</summary>
    public void LetGo(int slot) => slots.Exit(slot);

    public void Release(int slot)
    {
        slots.Exit(slot);
        Interlocked.Decrement(ref _living);
    }

    /// <summary>Returns false if the session has ended, which nothing undoes.</summary>
    public bool TryNoteLiving(SessionId id, SessionWorker worker) => _entries.TryAdd(id, new Entry(worker, null));

    public void NoteConnected() => Interlocked.Increment(ref _connected);

    public void NoteResumed() => Interlocked.Increment(ref _resumed);

    /// <summary>A session that lives here lives at another transceiver now. It has not ended.</summary>
    public void NoteLost(SessionId id, bool isHandedOver)
    {
        _entries.TryRemove(id, out _);
        Interlocked.Increment(ref isHandedOver ? ref _handedOver : ref _lost);
    }

    /// <param name="record">The final record.</param>
    public void NoteEnded(SessionId id, SessionRecord record)
    {
        _entries[id] = new Entry(null, record);
        Interlocked.Increment(ref _ended[(int)record.EndReason]);
    }

    /// <summary>Notes the end of a session that never lived here. Returns false if it lives or has ended.</summary>
    /// <param name="record">The final record.</param>
    public bool TryNoteEnded(SessionId id, SessionRecord record)
    {
        if (!_entries.TryAdd(id, new Entry(null, record))) return false;
        Interlocked.Increment(ref _ended[(int)record.EndReason]);
        return true;
    }

    /// <summary>
    /// Notes a session that somebody else has ended, so that its caller's checks are refused. Returns false if it lives or has ended here.
    /// </summary>
    public bool TryNoteEndedElsewhere(SessionId id, SessionRecord record) => _entries.TryAdd(id, new Entry(null, record));

    /// <summary>Removes a session that has ended, when its record is deleted.</summary>
    public void Forget(SessionId id)
    {
        if (_entries.TryGetValue(id, out Entry? entry) && entry.Worker is null) _entries.TryRemove(new(id, entry));
    }

    public bool HasEnded(SessionId id) => _entries.TryGetValue(id, out Entry? entry) && entry.Ended is not null;

    /// <summary>
    /// Returns the worker that has the session. Returns null if the session has ended (<paramref name="ended"/>) or was never here.
    /// </summary>
    public SessionWorker? Find(SessionId id, out SessionRecord? ended)
    {
        Entry? entry = _entries.GetValueOrDefault(id);
        ended = entry?.Ended;
        return entry?.Worker;
    }

    private sealed record Entry(SessionWorker? Worker, SessionRecord? Ended);
}

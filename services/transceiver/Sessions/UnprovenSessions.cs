using Dapr.Voice.Contracts;
using Dapr.Voice.Steering;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// The sessions that were pushed to us and whose caller has not come yet. They have no place in the capacity, no OpenSSL connection and no
/// agent (docs/decisions/0034). A session leaves with its first valid check, or is ended after <paramref name="patience"/>. The records
/// are a cache: when it is full the oldest gives way, and its caller's first check reads the record from the store. Any thread.
/// </summary>
internal sealed class UnprovenSessions(TimeSpan patience)
{
    /// <summary>The largest number of records kept. A record has about 2 kB, and 30 kB at most.</summary>
    public const int MaximumRecords = 2048;

    /// <summary>The largest number of sessions watched for their end: 4,000 a second without a packet, for 15 s.</summary>
    public const int MaximumWatched = 65_536;

    private readonly Lock _lock = new();
    private readonly Dictionary<SessionId, Waiting> _waiting = [];

    // The oldest session is the first one. Sessions that have left stay in the queues until their turn.
    private readonly Queue<Waiting> _byDeadline = new(), _withRecord = new();
    private long _evicted, _unwatched;

    public int Count
    {
        get
        {
            lock (_lock) return _waiting.Count;
        }
    }

    /// <summary>The number of records that gave way to newer ones.</summary>
    public long Evicted => Volatile.Read(ref _evicted);

    /// <summary>
    /// The sessions that get no end now: too many waited, or the store did not answer, or a drain had no time. The sweep ends them long
    /// after their time (<see cref="RecordSweep"/>).
    /// </summary>
    public long Unwatched => Volatile.Read(ref _unwatched);

    public void NoteUnwatched(int sessions) => Interlocked.Add(ref _unwatched, sessions);

    /// <summary>Adds a session. Returns false if it waits already.</summary>
    public bool TryAdd(SessionId id, SessionRecord record, Instant now)
    {
        lock (_lock)
        {
            var waiting = new Waiting(id, record.CallId, record.Slot, now + patience, record);
            if (!_waiting.TryAdd(id, waiting)) return false;
            _byDeadline.Enqueue(waiting);
            _withRecord.Enqueue(waiting);
            while (_withRecord.Count > MaximumRecords)
            {
                Waiting oldest = _withRecord.Dequeue();
                if (!IsCurrent(oldest)) continue;
                oldest.Record = null;
                _evicted++;
            }
            while (_byDeadline.Count > MaximumWatched)
            {
                Waiting oldest = _byDeadline.Dequeue();
                if (IsCurrent(oldest) && _waiting.Remove(oldest.Id)) Interlocked.Increment(ref _unwatched);
            }
            return true;
        }
    }

    /// <summary>Returns the record of a session that waits, or null.</summary>
    public SessionRecord? Find(SessionId id)
    {
        lock (_lock) return _waiting.GetValueOrDefault(id)?.Record;
    }

    /// <summary>Returns the records that are kept here.</summary>
    public IReadOnlyList<SessionRecord> Records()
    {
        lock (_lock) return [.. _waiting.Values.Select(waiting => waiting.Record).OfType<SessionRecord>()];
    }

    /// <summary>Takes a session out: its caller has come, or it is to end. Returns its record, or null if it is not here.</summary>
    public SessionRecord? Take(SessionId id)
    {
        lock (_lock)
        {
            if (!_waiting.Remove(id, out Waiting? waiting)) return null;
            SessionRecord? record = waiting.Record;
            // The queues keep the entry until its turn, and must not keep the record.
            waiting.Record = null;
            return record;
        }
    }

    /// <summary>Takes out the sessions that have waited for too long. <see cref="Instant.Never"/> takes all.</summary>
    public IReadOnlyList<Waiting> TakeExpired(Instant now)
    {
        var expired = new List<Waiting>();
        lock (_lock)
        {
            while (_byDeadline.TryPeek(out Waiting? oldest) && (oldest.Deadline <= now || !IsCurrent(oldest)))
            {
                _byDeadline.Dequeue();
                if (IsCurrent(oldest) && _waiting.Remove(oldest.Id)) expired.Add(oldest);
            }
            while (_withRecord.TryPeek(out Waiting? oldest) && !IsCurrent(oldest)) _withRecord.Dequeue();
        }
        return expired;
    }

    // A session that left and was pushed again has an older entry in the queues.
    private bool IsCurrent(Waiting waiting) => ReferenceEquals(_waiting.GetValueOrDefault(waiting.Id), waiting);

    /// <param name="record">Null after the record has given way.</param>
    internal sealed class Waiting(SessionId id, string callId, int slot, Instant deadline, SessionRecord? record)
    {
        public SessionId Id => id;
        public string CallId => callId;
        public int Slot => slot;
        public Instant Deadline => deadline;
        public SessionRecord? Record { get; set; } = record;
    }
}

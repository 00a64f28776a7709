namespace Dapr.Voice.Signaling.Placement;

/// <summary>
/// The transceivers that had a record lately. When a store comes back empty their records are gone for a moment, and they are not. Any
/// thread.
/// </summary>
internal sealed class KnownTransceivers(TimeProvider time)
{
    /// <summary>A transceiver is remembered for this long after its record was last seen.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _seenAt = new(StringComparer.Ordinal);

    /// <summary>Notes the app ids of records that were just read.</summary>
    public void Note(IEnumerable<string> appIds)
    {
        long now = time.GetTimestamp();
        lock (_lock)
        {
            foreach (string appId in appIds) _seenAt[appId] = now;
            foreach (string old in _seenAt.Where(s => time.GetElapsedTime(s.Value, now) > Memory).Select(s => s.Key).ToArray())
                _seenAt.Remove(old);
        }
    }

    /// <summary>Their app ids, in order.</summary>
    public IReadOnlyList<string> Names()
    {
        lock (_lock) return [.. _seenAt.Keys.Order(StringComparer.Ordinal)];
    }
}

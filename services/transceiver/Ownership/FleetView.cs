using Dapr.Voice.Contracts;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Ownership;

/// <summary>
/// Which transceivers of the region are alive, according to their records. If the lease in a record has run out, the record is looked at
/// again after a grace period before its owner counts as dead, because clocks differ and a write may be late. It does no I/O. One thread
/// uses it.
/// </summary>
internal sealed class FleetView(TimeSpan grace)
{
    private readonly Dictionary<int, Seen> _shards = [];

    /// <summary>Notes what the store holds for a shard. A missing record counts as one whose lease has run out.</summary>
    public void Observe(int shard, TransceiverRecord? record, DateTimeOffset utcNow, Instant now)
    {
        Seen before = _shards.GetValueOrDefault(shard);
        if (record is not null && record.LeaseUntil > utcNow)
        {
            _shards[shard] = new Seen(record.Incarnation, record.Draining, null, false);
            return;
        }
        string? incarnation = record?.Incarnation ?? before.Incarnation;
        if (before.Incarnation != incarnation) before = new Seen(incarnation, false, null, false);
        // The transceiver has said itself that it leaves. Its lease ends by its own decision, so there is nothing to wait for.
        bool hasLeft = record is { Draining: true };
        Instant since = before.RunOutSince ?? now;
        _shards[shard] = before with { RunOutSince = since, IsDead = before.IsDead || hasLeft || now - since >= grace };
    }

    /// <summary>
    /// Returns false only if the process is known to be dead: its lease had run out in two looks, or another process of its shard is alive.
    /// </summary>
    public bool IsAlive(int? shard, string? incarnation)
    {
        if (shard is not { } known || incarnation is null) return false;
        if (!_shards.TryGetValue(known, out Seen seen) || seen.IsDead) return false;
        // A shard whose record is missing may be any process until the grace period is over.
        return seen.Incarnation is null || seen.Incarnation == incarnation;
    }

    /// <summary>The shards that may own slots: those that are alive and do not leave. If all are leaving, those that are alive.</summary>
    public int[] Candidates()
    {
        (int Shard, bool IsDraining)[] alive =
            [.. _shards.Where(s => !s.Value.IsDead && s.Value.Incarnation is not null).Select(s => (s.Key, s.Value.IsDraining))];
        (int Shard, bool IsDraining)[] staying = [.. alive.Where(s => !s.IsDraining)];
        return [.. (staying.Length > 0 ? staying : alive).Select(s => s.Shard).Order()];
    }

    private readonly record struct Seen(string? Incarnation, bool IsDraining, Instant? RunOutSince, bool IsDead);
}

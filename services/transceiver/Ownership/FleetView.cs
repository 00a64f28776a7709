using Dapr.Voice.Contracts;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Ownership;

/// <summary>
/// Which transceivers of the region are alive, from their records. A lease that has run out by its value is looked at a second time
/// after a grace before its owner counts as dead: clocks differ, and a write may be late. Pure; one thread.
/// </summary>
internal sealed class FleetView(TimeSpan grace)
{
    private readonly Dictionary<int, Seen> _shards = [];

    /// <summary>Takes in what the store holds for a shard; a missing record counts as one whose lease has run out.</summary>
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
        // It said itself that it leaves: the lease ends by its own hand, there is nothing to wait for.
        bool hasLeft = record is { Draining: true };
        Instant since = before.RunOutSince ?? now;
        _shards[shard] = before with { RunOutSince = since, IsDead = before.IsDead || hasLeft || now - since >= grace };
    }

    /// <summary>
    /// True unless the process is known to be dead: its lease was seen run out twice, or another process of its shard is alive.
    /// </summary>
    public bool IsAlive(int? shard, string? incarnation)
    {
        if (shard is not { } known || incarnation is null) return false;
        if (!_shards.TryGetValue(known, out Seen seen) || seen.IsDead) return false;
        // A shard whose record is missing may be any process, until the grace is over.
        return seen.Incarnation is null || seen.Incarnation == incarnation;
    }

    /// <summary>Shards that may own slots: alive and staying; if all are leaving, those that are alive.</summary>
    public int[] Candidates()
    {
        (int Shard, bool IsDraining)[] alive =
            [.. _shards.Where(s => !s.Value.IsDead && s.Value.Incarnation is not null).Select(s => (s.Key, s.Value.IsDraining))];
        (int Shard, bool IsDraining)[] staying = [.. alive.Where(s => !s.IsDraining)];
        return [.. (staying.Length > 0 ? staying : alive).Select(s => s.Shard).Order()];
    }

    private readonly record struct Seen(string? Incarnation, bool IsDraining, Instant? RunOutSince, bool IsDead);
}

namespace Dapr.Voice.Wire;

/// <summary>
/// Limits a rate of items, which may be packets, bytes or samples. Up to <paramref name="burst"/> items may come at once after a pause.
/// Only one thread may use it, and time must not go backwards.
/// </summary>
/// <param name="perSecond">The items per second in the long term. At least 1.</param>
/// <param name="burst">At least 1.</param>
public struct RateLimit(int perSecond, int burst)
{
    private readonly TimeSpan _burstTime = Duration(burst, perSecond);

    // Everything spent so far would take until then at the limit's rate.
    private Instant _spentUntil = Instant.Zero - TimeSpan.FromDays(1);

    /// <summary>True if nothing may be spent now.</summary>
    public readonly bool IsReached(Instant now) => _spentUntil - now >= _burstTime;

    /// <summary>When <see cref="IsReached"/> becomes false, if it is true now.</summary>
    public readonly Instant FreeAt => _spentUntil - _burstTime + TimeSpan.FromTicks(1);

    /// <summary>Takes one item. Returns false if there is none.</summary>
    public bool TryTake(Instant now)
    {
        if (IsReached(now)) return false;
        Spend(1, now);
        return true;
    }

    /// <summary>Takes items, even more than there are. Nothing may be spent then until the debt is paid.</summary>
    public void Spend(long items, Instant now) => _spentUntil = Instant.Max(_spentUntil, now) + Duration(items, perSecond);

    // Rounded up: otherwise the rounding of single items adds up to one more than the burst.
    private static TimeSpan Duration(long items, int perSecond)
        => TimeSpan.FromTicks(((items * TimeSpan.TicksPerSecond) + perSecond - 1) / perSecond);
}

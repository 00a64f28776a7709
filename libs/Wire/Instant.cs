namespace Dapr.Voice.Wire;

/// <summary>
/// A point on a monotonic clock in ticks of 100 ns. Only the difference of two instants has a meaning. A service reads the instant from its
/// clock (<c>MonotonicClock</c> in libs/Udp) and passes it to every protocol call, so that tests can use virtual time.
/// </summary>
public readonly record struct Instant(long Ticks) : IComparable<Instant>
{
    /// <summary>The origin of virtual time in tests.</summary>
    public static Instant Zero => new(0);

    /// <summary>Later than every other instant. As a time-out, it means that no timer is armed.</summary>
    public static Instant Never => new(long.MaxValue);

    public static Instant FromMilliseconds(long milliseconds) => new(milliseconds * TimeSpan.TicksPerMillisecond);

    public double TotalMilliseconds => Ticks / (double)TimeSpan.TicksPerMillisecond;

    public int CompareTo(Instant other) => Ticks.CompareTo(other.Ticks);

    public static Instant Min(Instant a, Instant b) => a.Ticks <= b.Ticks ? a : b;
    public static Instant Max(Instant a, Instant b) => a.Ticks >= b.Ticks ? a : b;

    /// <summary>Adds a duration. The result is never later than <see cref="Never"/>.</summary>
    public static Instant operator +(Instant instant, TimeSpan duration)
        => duration.Ticks > 0 && instant.Ticks > long.MaxValue - duration.Ticks ? Never : new(instant.Ticks + duration.Ticks);

    public static Instant operator -(Instant instant, TimeSpan duration) => new(instant.Ticks - duration.Ticks);
    public static TimeSpan operator -(Instant a, Instant b) => TimeSpan.FromTicks(a.Ticks - b.Ticks);
    public static bool operator <(Instant a, Instant b) => a.Ticks < b.Ticks;
    public static bool operator >(Instant a, Instant b) => a.Ticks > b.Ticks;
    public static bool operator <=(Instant a, Instant b) => a.Ticks <= b.Ticks;
    public static bool operator >=(Instant a, Instant b) => a.Ticks >= b.Ticks;
}

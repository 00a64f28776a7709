using Microsoft.Extensions.Time.Testing;

namespace Dapr.Voice.TestKit;

/// <summary>
/// A clock that stands still until it is moved. Whoever waits finds at once that the time is over. Periodic timers never fire.
/// </summary>
public sealed class JumpingTime(DateTimeOffset start) : FakeTimeProvider(start)
{
    public JumpingTime() : this(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero))
    {
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        bool isPause = period == Timeout.InfiniteTimeSpan && dueTime != Timeout.InfiniteTimeSpan;
        ITimer timer = base.CreateTimer(callback, state, isPause ? dueTime : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (isPause) Advance(dueTime);
        return timer;
    }
}

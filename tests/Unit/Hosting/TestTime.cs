namespace Dapr.Voice.Tests.Unit.Hosting;

/// <summary>A clock that stands until moved. Pauses pass at once; periodic timers never fire.</summary>
internal sealed class TestTime : TimeProvider
{
    private long _ticks = new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero).UtcTicks;

    public override DateTimeOffset GetUtcNow() => new(Volatile.Read(ref _ticks), TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref _ticks);

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        => base.CreateTimer(callback, state, period == Timeout.InfiniteTimeSpan && dueTime != Timeout.InfiniteTimeSpan ? TimeSpan.Zero
        : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
}

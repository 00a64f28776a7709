using Dapr.Voice.Wire;

namespace Dapr.Voice.Cli.Calls;

/// <summary>Relates the monotonic clock to the calendar, for sender reports.</summary>
internal static class WallClock
{
    private static readonly DateTimeOffset NtpEpoch = new(1900, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The offset that turns <paramref name="now"/> into the time since 1900-01-01 UTC.</summary>
    public static TimeSpan OffsetOf(Instant now) => DateTimeOffset.UtcNow - NtpEpoch - TimeSpan.FromTicks(now.Ticks);
}

using Dapr.Voice.Wire;

namespace Dapr.Voice.Cli.Calls;

/// <summary>Joins the monotonic clock to the calendar, once, for sender reports.</summary>
internal static class WallClock
{
    private static readonly DateTimeOffset NtpEpoch = new(1900, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>What to add to <paramref name="now"/> to get the time since 1900-01-01 UTC.</summary>
    public static TimeSpan OffsetOf(Instant now) => DateTimeOffset.UtcNow - NtpEpoch - TimeSpan.FromTicks(now.Ticks);
}

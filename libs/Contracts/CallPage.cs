namespace Dapr.Voice.Contracts;

/// <summary>
/// Some ids of calls, stored under <see cref="StateKeys.CallPage"/> before any of these calls has a record (docs/decisions/0042). The state
/// API cannot list keys. With these pages, whoever knows the time finds every record and every checkpoint that nobody has deleted. A page
/// is written once and deleted when none of its calls has a record any more.
/// </summary>
/// <param name="SweepAfter">In UTC. By then every call of the page has ended, whatever happened to those who served it.</param>
/// <param name="SessionIds">13 characters of base32 each; see <c>SessionId</c> in libs/Steering. At most <see
/// cref="MaximumIds"/>.</param>
public sealed record CallPage(DateTimeOffset SweepAfter, IReadOnlyList<string> SessionIds)
{
    /// <summary>The largest number of ids. With 16 characters each, a page stays below 30,000 characters.</summary>
    public const int MaximumIds = 1024;

    /// <summary>How many pages a period has: as many as one bulk read takes.</summary>
    public const int PagesOfAPeriod = 64;

    /// <summary>A call that should be over is left alone for this time, because clocks differ and its end may still wait for the
    /// store.</summary>
    public static readonly TimeSpan Margin = TimeSpan.FromHours(1);

    public static readonly TimeSpan Period = TimeSpan.FromMinutes(10);

    /// <summary>The number of the period that a moment belongs to.</summary>
    public static long PeriodOf(DateTimeOffset moment) => moment.ToUnixTimeSeconds() / (long)Period.TotalSeconds;

    public static DateTimeOffset StartOf(long period) => DateTimeOffset.FromUnixTimeSeconds(period * (long)Period.TotalSeconds);
}

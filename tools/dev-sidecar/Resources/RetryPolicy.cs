namespace Dapr.Voice.DevSidecar.Resources;

/// <summary>A retry policy of a Resiliency resource.</summary>
/// <param name="IsExponential">Each wait is half as long again as the one before, up to <paramref name="MaximumInterval"/>; otherwise all
/// are <paramref name="Duration"/>.</param>
/// <param name="MaximumRetries">-1 for no end, which is the real sidecar's default.</param>
/// <param name="StatusCodes">Ranges of status codes that are retried; empty for all failures.</param>
internal sealed record RetryPolicy(
    bool IsExponential, TimeSpan Duration, TimeSpan MaximumInterval, int MaximumRetries, IReadOnlyList<(int From, int To)> StatusCodes)
{
    /// <summary>The wait before retry number <paramref name="retry"/> (from 1); null where the policy gives up.</summary>
    public TimeSpan? DelayBefore(int retry)
    {
        if (MaximumRetries >= 0 && retry > MaximumRetries) return null;
        if (!IsExponential) return Duration;
        // The real one starts at half a second and spreads each wait at random by half; the spread is left out so that tests can count.
        double seconds = 0.5 * Math.Pow(1.5, Math.Min(retry - 1, 64));
        return TimeSpan.FromSeconds(Math.Min(seconds, MaximumInterval.TotalSeconds));
    }

    public bool Covers(int status) => StatusCodes.Count == 0 || StatusCodes.Any(r => status >= r.From && status <= r.To);
}

namespace Dapr.Voice.DevSidecar.Resources;

/// <summary>A retry policy of a Resiliency resource.</summary>
/// <param name="IsExponential">Each wait is 1.5 times as long as the one before, up to <paramref name="MaximumInterval"/>. Otherwise every
/// wait is <paramref name="Duration"/>.</param>
/// <param name="MaximumRetries">-1 for no limit, which is the default of the real sidecar.</param>
/// <param name="StatusCodes">The ranges of status codes that are retried. Empty for all failures.</param>
internal sealed record RetryPolicy(
    bool IsExponential, TimeSpan Duration, TimeSpan MaximumInterval, int MaximumRetries, IReadOnlyList<(int From, int To)> StatusCodes)
{
    /// <summary>The wait before retry number <paramref name="retry"/>, which counts from 1. Null if there is no further retry.</summary>
    public TimeSpan? DelayBefore(int retry)
    {
        if (MaximumRetries >= 0 && retry > MaximumRetries) return null;
        if (!IsExponential) return Duration;
        // The real policy starts at half a second and varies each wait at random by half. The variation is left out, so that tests can
        // calculate the waits.
        double seconds = 0.5 * Math.Pow(1.5, Math.Min(retry - 1, 64));
        return TimeSpan.FromSeconds(Math.Min(seconds, MaximumInterval.TotalSeconds));
    }

    public bool Covers(int status) => StatusCodes.Count == 0 || StatusCodes.Any(r => status >= r.From && status <= r.To);
}

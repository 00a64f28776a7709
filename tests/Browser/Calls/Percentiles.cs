namespace Dapr.Voice.Tests.Browser.Calls;

internal static class Percentiles
{
    /// <summary>The nearest rank: the smallest value that at least that share of all values does not exceed.</summary>
    public static double Percentile(this IEnumerable<double> values, int percent)
    {
        double[] sorted = [.. values.Order()];
        return sorted[Math.Max(0, (int)Math.Ceiling(sorted.Length * percent / 100.0) - 1)];
    }
}

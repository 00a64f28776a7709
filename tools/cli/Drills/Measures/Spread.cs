namespace Dapr.Voice.Cli.Drills.Measures;

/// <summary>Percentiles of one figure over all calls, by nearest rank. With 20 calls, P99 is the worst call.</summary>
internal sealed record Spread(double P50, double P99, double Max)
{
    /// <returns>Null without values.</returns>
    public static Spread? Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? null : new Spread(At(sorted, 0.5), At(sorted, 0.99), sorted[^1]);
    }

    private static double At(double[] sorted, double fraction) => sorted[Math.Max(0, (int)Math.Ceiling(fraction * sorted.Length) - 1)];
}

using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Media;

/// <summary>
/// How late downlink frames were sent over the last ten seconds. This is the capacity metric (docs/design.md 9). One worker thread records,
/// and any thread reads. A reader may miss the newest few frames and never more. Nothing is allocated after construction.
/// </summary>
internal sealed class LatenessHistogram
{
    /// <summary>The window. It has enough frames for a p99 with one session (500), and it is short enough to follow the load.</summary>
    public const int WindowSeconds = 10;

    // Steps of 0.1 ms below 10 ms, where the admission limit lies. Steps of 1 ms up to 110 ms. One bucket for the rest.
    private const int FineBuckets = 100;
    private const int CoarseBuckets = 100;
    private const int Buckets = FineBuckets + CoarseBuckets + 1;
    private const double FineStep = 0.1;
    private const double FineLimit = FineBuckets * FineStep;

    private readonly int[] _counts = new int[WindowSeconds * Buckets];
    private readonly long[] _seconds = new long[WindowSeconds];

    /// <summary>The number of frames recorded since the start.</summary>
    public long Recorded { get; private set; }

    public void Record(TimeSpan lateness, Instant now)
    {
        long second = now.Ticks / TimeSpan.TicksPerSecond;
        int row = (int)(second % WindowSeconds);
        if (Volatile.Read(ref _seconds[row]) != second)
        {
            _counts.AsSpan(row * Buckets, Buckets).Clear();
            Volatile.Write(ref _seconds[row], second);
        }
        _counts[row * Buckets + BucketOf(lateness.TotalMilliseconds)]++;
        Recorded++;
    }

    /// <summary>
    /// Returns the upper bound, in milliseconds, of the bucket that holds this share of the window's frames. Returns 0 if there are no
    /// frames.
    /// </summary>
    /// <param name="share">0.99 for p99.</param>
    public double Percentile(double share, Instant now)
    {
        Span<long> sums = stackalloc long[Buckets];
        sums.Clear();
        long total = 0;
        long oldest = now.Ticks / TimeSpan.TicksPerSecond - WindowSeconds;
        for (int row = 0; row < WindowSeconds; row++)
        {
            if (Volatile.Read(ref _seconds[row]) <= oldest) continue;
            for (int bucket = 0; bucket < Buckets; bucket++)
            {
                int count = _counts[row * Buckets + bucket];
                sums[bucket] += count;
                total += count;
            }
        }
        if (total == 0) return 0;
        long rank = Math.Max(1, (long)Math.Ceiling(share * total));
        int found = 0;
        for (long seen = sums[0]; seen < rank; seen += sums[found]) found++;
        return UpperBound(found);
    }

    private static int BucketOf(double milliseconds)
    {
        if (milliseconds < FineLimit) return Math.Max(0, (int)(milliseconds / FineStep));
        return Math.Min(Buckets - 1, FineBuckets + (int)(milliseconds - FineLimit));
    }

    private static double UpperBound(int bucket)
        => bucket < FineBuckets ? (bucket + 1) * FineStep : FineLimit + (bucket - FineBuckets + 1);
}

using System.Numerics;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// How late downlink frames leave, in log-linear buckets (eight per octave, so a quantile is at most 12.5 % too high): for ever, and
/// for the last <see cref="WindowSeconds"/>. Written by one worker thread; others read counters that may be a frame behind.
/// </summary>
internal sealed class LatenessHistogram
{
    public const int WindowSeconds = 10;

    private const int StepBits = 3;
    private const int Steps = 1 << StepBits;
    // 2^24 microseconds are 16 s: a frame later than that has worse problems.
    private const int Octaves = 24;
    private const int Buckets = (Octaves - StepBits + 1) * Steps;

    private readonly long[] _total = new long[Buckets];
    private readonly long[][] _seconds = new long[WindowSeconds + 1][];
    private readonly long[] _secondOf = new long[WindowSeconds + 1];
    private long _maximumMicroseconds;

    public LatenessHistogram()
    {
        for (int i = 0; i < _seconds.Length; i++) _seconds[i] = new long[Buckets];
    }

    /// <param name="lateness">Negative counts as zero.</param>
    public void Record(TimeSpan lateness, Instant now)
    {
        long microseconds = Math.Max(0, lateness.Ticks / TimeSpan.TicksPerMicrosecond);
        int bucket = BucketOf(microseconds);
        long second = now.Ticks / TimeSpan.TicksPerSecond;
        int window = (int)(second % _seconds.Length);
        if (_secondOf[window] != second)
        {
            Array.Clear(_seconds[window]);
            Volatile.Write(ref _secondOf[window], second);
        }
        _total[bucket]++;
        _seconds[window][bucket]++;
        if (microseconds > _maximumMicroseconds) _maximumMicroseconds = microseconds;
    }

    /// <summary>Frames, quantiles and the maximum since the start, over several workers.</summary>
    public static LatenessSummary Total(IEnumerable<LatenessHistogram> histograms)
    {
        var sum = new long[Buckets];
        long maximum = 0;
        foreach (LatenessHistogram histogram in histograms)
        {
            AddTo(sum, histogram._total);
            maximum = Math.Max(maximum, Volatile.Read(ref histogram._maximumMicroseconds));
        }
        return Summarize(sum, maximum);
    }

    /// <summary>The same over the last ten seconds; the maximum is that of the highest bucket seen.</summary>
    public static LatenessSummary Recent(IEnumerable<LatenessHistogram> histograms, Instant now)
    {
        var sum = new long[Buckets];
        long second = now.Ticks / TimeSpan.TicksPerSecond;
        foreach (LatenessHistogram histogram in histograms)
        {
            for (int i = 0; i < histogram._seconds.Length; i++)
            {
                long age = second - Volatile.Read(ref histogram._secondOf[i]);
                if (age is >= 0 and <= WindowSeconds) AddTo(sum, histogram._seconds[i]);
            }
        }
        int highest = Array.FindLastIndex(sum, count => count > 0);
        return Summarize(sum, highest < 0 ? 0 : UpperBound(highest));
    }

    internal static int BucketOf(long microseconds)
    {
        if (microseconds < Steps) return (int)microseconds;
        int octave = BitOperations.Log2((ulong)microseconds);
        if (octave >= Octaves) return Buckets - 1;
        int shift = octave - StepBits;
        return ((shift + 1) << StepBits) + (int)((microseconds >> shift) & (Steps - 1));
    }

    /// <summary>The highest value of a bucket, microseconds.</summary>
    internal static long UpperBound(int bucket)
    {
        if (bucket < Steps) return bucket;
        int shift = (bucket >> StepBits) - 1;
        long first = (long)(Steps | (bucket & (Steps - 1))) << shift;
        return first + (1L << shift) - 1;
    }

    private static void AddTo(long[] sum, long[] counts)
    {
        for (int i = 0; i < sum.Length; i++) sum[i] += Volatile.Read(ref counts[i]);
    }

    private static LatenessSummary Summarize(long[] sum, long maximumMicroseconds)
    {
        long frames = sum.Sum();
        double Quantile(double q)
        {
            if (frames == 0) return 0;
            long rank = Math.Max(1, (long)Math.Ceiling(q * frames));
            long seen = 0;
            for (int i = 0; i < sum.Length; i++)
            {
                seen += sum[i];
                if (seen >= rank) return Math.Min(UpperBound(i), maximumMicroseconds) / 1000.0;
            }
            return maximumMicroseconds / 1000.0;
        }
        return new LatenessSummary(frames, Quantile(0.50), Quantile(0.99), maximumMicroseconds / 1000.0);
    }
}

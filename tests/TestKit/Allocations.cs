namespace Dapr.Voice.TestKit;

/// <summary>
/// Measures how much some code allocates on this thread. A collection that another test causes in the middle retires the thread's
/// allocation context and counts its unused rest, up to 8 KiB, as allocated. The code's own allocations come with every run. So the result
/// is the smallest of several runs.
/// </summary>
public static class Allocations
{
    private const int Runs = 5;

    /// <param name="action">Runs once to warm up and then several times. Every run must do the same.</param>
    public static long Of(Action action)
    {
        action();
        long least = long.MaxValue;
        for (int run = 0; run < Runs && least > 0; run++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return least;
    }

    /// <summary>Returns the smallest result of several runs that measure themselves. The first run warms up and does not count.</summary>
    /// <param name="run">Returns the bytes that it allocated. Every run must do the same.</param>
    public static long Least(Func<long> run)
    {
        run();
        long least = long.MaxValue;
        for (int i = 0; i < Runs && least > 0; i++) least = Math.Min(least, run());
        return least;
    }
}

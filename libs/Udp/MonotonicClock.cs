using System.Diagnostics;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Udp;

/// <summary>The clock of a process, CLOCK_MONOTONIC. It never steps and does not count time in suspension.</summary>
public static class MonotonicClock
{
    private static readonly long PerTick = Stopwatch.Frequency / TimeSpan.TicksPerSecond;

    public static Instant Now => new(Stopwatch.GetTimestamp() / PerTick);
}

using System.Diagnostics;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Udp;

/// <summary>The clock of a process: CLOCK_MONOTONIC, so it never steps and does not count suspension.</summary>
public static class MonotonicClock
{
    private static readonly long PerTick = Stopwatch.Frequency / TimeSpan.TicksPerSecond;

    public static Instant Now => new(Stopwatch.GetTimestamp() / PerTick);
}

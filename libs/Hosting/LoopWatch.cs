namespace Dapr.Voice.Hosting;

/// <summary>
/// Detects loops that are stuck, for the liveness probe. Each probe checks whether the loops have made turns since the last check. A loop
/// is stuck only after enough time and enough checks. So a process that was suspended as a whole is not considered stuck when it continues.
/// Thread-safe.
/// </summary>
public sealed class LoopWatch(TimeProvider time)
{
    /// <summary>Our loops wait at most a second between turns, so this limit leaves a large margin.</summary>
    public static readonly TimeSpan StallLimit = TimeSpan.FromSeconds(15);

    /// <summary>The number of consecutive checks that saw no turn.</summary>
    public const int LooksUntilStuck = 3;

    private readonly Lock _gate = new();
    private readonly List<Watched> _loops = [];

    private sealed class Watched(string name, Func<long> turns, long since)
    {
        public string Name => name;
        public long Turns { get; set; } = turns();
        public long Since { get; set; } = since;
        public int Looks { get; set; }
        public long Read() => turns();
    }

    /// <param name="name">The name for an operator, such as <c>worker 3</c>.</param>
    /// <param name="turns">Returns the number of turns that the loop has made since its start. Any thread may call it.</param>
    public void Add(string name, Func<long> turns)
    {
        lock (_gate) _loops.Add(new Watched(name, turns, time.GetTimestamp()));
    }

    /// <summary>Checks all loops and returns the names of those that are stuck.</summary>
    public IReadOnlyList<string> Stuck()
    {
        lock (_gate)
        {
            List<string>? stuck = null;
            foreach (Watched loop in _loops)
            {
                long turns = loop.Read();
                if (turns != loop.Turns)
                {
                    (loop.Turns, loop.Since, loop.Looks) = (turns, time.GetTimestamp(), 0);
                    continue;
                }
                loop.Looks++;
                if (loop.Looks >= LooksUntilStuck && time.GetElapsedTime(loop.Since) >= StallLimit) (stuck ??= []).Add(loop.Name);
            }
            return stuck ?? [];
        }
    }
}

namespace Dapr.Voice.Hosting;

/// <summary>
/// Tells loops that turn from one that stands still, for the liveness probe: each question is a look. Looks and time both count, so that a
/// process that was frozen as a whole, and could neither turn nor be asked, is not taken for dead when it goes on. Any thread.
/// </summary>
public sealed class LoopWatch(TimeProvider time)
{
    /// <summary>No loop of ours waits longer than a second between turns.</summary>
    public static readonly TimeSpan StallLimit = TimeSpan.FromSeconds(15);

    /// <summary>Looks in a row that saw no turn.</summary>
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

    /// <param name="name">As an operator is told: <c>worker 3</c>.</param>
    /// <param name="turns">Turns that the loop has made, ever; read at each look, from any thread.</param>
    public void Add(string name, Func<long> turns)
    {
        lock (_gate) _loops.Add(new Watched(name, turns, time.GetTimestamp()));
    }

    /// <summary>Names of those that stand still.</summary>
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

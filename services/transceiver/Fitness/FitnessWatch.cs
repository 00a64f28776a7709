using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Fitness;

/// <summary>
/// Whether this process can serve callers. It has to pass a test at its start, before it has a slot. If several sessions end by faults of
/// our own code within a short time, it takes no new ones for a while, and then has to pass the test again. Sessions that live are left
/// alone. One thread calls <see cref="StepAsync"/>. Any thread may read the rest.
/// </summary>
/// <param name="test">Makes a call inside the process. Returns what does not work, or null. It may take some milliseconds.</param>
internal sealed partial class FitnessWatch(Func<string?> test, ILogger logger)
{
    /// <summary>So many faults of sessions within <see cref="Window"/> stop the admission.</summary>
    public const int MaximumFaults = 5;

    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    /// <summary>How long the admission stops at first. Each further time it is twice as long, up to <see cref="LongestPause"/>.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(10);

    public static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly Queue<(Instant At, long Faults)> _looks = new();
    private volatile string? _problem = "the self-test has not run yet";
    private Instant _testAt = new(long.MinValue);
    private TimeSpan _pause = FirstPause;
    private volatile bool _hasPassed;

    /// <summary>New sessions may come.</summary>
    public bool IsFit => _problem is null;

    /// <summary>The test has been passed at least once. Before that this process must not take slots.</summary>
    public bool HasPassed => _hasPassed;

    /// <summary>Why new sessions may not come, in words for an operator. Null if they may.</summary>
    public string? Problem => _problem;

    /// <summary>Looks at the faults, and runs the test if it is due. Call it about once a second.</summary>
    /// <param name="faults">The number of sessions since the start that ended by a fault.</param>
    public async Task StepAsync(long faults, Instant now)
    {
        if (IsFit)
        {
            Watch(faults, now);
            return;
        }
        if (now < _testAt) return;
        // Beside the ownership loop, because the first handshake of a process takes longer than the others.
        string? problem = await Task.Run(test).ConfigureAwait(false);
        if (problem is null)
        {
            LogFit(logger, _hasPassed);
            _looks.Clear();
            _looks.Enqueue((now, faults));
            _hasPassed = true;
            _problem = null;
            return;
        }
        LogUnfit(logger, problem);
        Stop($"failing: {problem}", now);
    }

    private void Watch(long faults, Instant now)
    {
        while (_looks.TryPeek(out (Instant At, long Faults) oldest) && now - oldest.At > Window) _looks.Dequeue();
        long before = _looks.TryPeek(out (Instant At, long Faults) first) ? first.Faults : faults;
        _looks.Enqueue((now, faults));
        if (faults - before < MaximumFaults)
        {
            // A process that has worked for a whole window begins again with short pauses.
            if (faults == before && _looks.Count > 1 && now - first.At > Window * 0.9) _pause = FirstPause;
            return;
        }
        LogFailing(logger, faults - before, Window.TotalSeconds, _pause.TotalSeconds);
        Stop($"failing: {faults - before} sessions ended by faults within {Window.TotalSeconds:0} s", now);
    }

    private void Stop(string problem, Instant now)
    {
        _problem = problem;
        _testAt = now + _pause;
        _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
    }

    [LoggerMessage(LogLevel.Information, "The self-test is passed (again: {IsAgain})")]
    private static partial void LogFit(ILogger logger, bool isAgain);

    [LoggerMessage(LogLevel.Critical, "This process cannot serve a call: {Problem}. It takes no new ones, and tests itself again later")]
    private static partial void LogUnfit(ILogger logger, string problem);

    [LoggerMessage(LogLevel.Error, "{Faults} sessions ended by faults within {WindowSeconds} s. No new ones for {PauseSeconds} s, then a "
        + "self-test")]
    private static partial void LogFailing(ILogger logger, long faults, double windowSeconds, double pauseSeconds);
}

namespace Dapr.Voice.Cli.Running;

/// <summary>
/// How long one process waits before it is started again. The first restart is immediate, because calls survive a relay that is back within
/// a second. Each further one waits longer, so that a broken process does not use the whole CPU. One thread at a time uses it.
/// </summary>
internal sealed class RestartPause
{
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    /// <summary>A process that ran for longer than this is not broken, so its restart is immediate.</summary>
    public static readonly TimeSpan Steady = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(250);
    private int _endsInARow;

    /// <param name="ran">How long the process ran before it ended.</param>
    public TimeSpan Next(TimeSpan ran)
    {
        _endsInARow = ran > Steady ? 1 : _endsInARow + 1;
        if (_endsInARow == 1) return TimeSpan.Zero;
        return TimeSpan.FromTicks((long)Math.Min(Longest.Ticks, First.Ticks * Math.Pow(2, _endsInARow - 2)));
    }
}

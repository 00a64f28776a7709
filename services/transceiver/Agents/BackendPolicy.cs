namespace Dapr.Voice.Transceiver.Agents;

/// <summary>How patient we are with an agent backend.</summary>
/// <param name="ConnectDeadline">For TCP, TLS and the upgrade together.</param>
/// <param name="RetryDelays">Waits before each further attempt, varied by a quarter; when they are used up the session ends.</param>
/// <param name="SettledAfter">A connection that lived this long was a good one: the next loss starts with the first delay again.</param>
internal sealed record BackendPolicy(TimeSpan ConnectDeadline, IReadOnlyList<TimeSpan> RetryDelays, TimeSpan SettledAfter)
{
    /// <summary>A restarted process is back within the first two; a caller waits 37 s at most and hears why.</summary>
    public static BackendPolicy Default { get; } = new(
        TimeSpan.FromSeconds(5),
        [TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2),
        TimeSpan.FromSeconds(4)],
        TimeSpan.FromSeconds(10));
}

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>The deadlines and retries for an agent's backend.</summary>
/// <param name="ConnectDeadline">For TCP, TLS and the upgrade together.</param>
/// <param name="RetryDelays">The waits before each further attempt, varied by a quarter. When they are used up, the session ends.</param>
/// <param name="SettledAfter">After a connection that lived this long, the next loss starts with the first delay again.</param>
internal sealed record BackendPolicy(TimeSpan ConnectDeadline, IReadOnlyList<TimeSpan> RetryDelays, TimeSpan SettledAfter)
{
    /// <summary>A restarted process is back within the first two delays. A caller waits at most 37 s and is then told why.</summary>
    public static BackendPolicy Default { get; } = new(
        TimeSpan.FromSeconds(5),
        [TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2),
        TimeSpan.FromSeconds(4)],
        TimeSpan.FromSeconds(10));
}

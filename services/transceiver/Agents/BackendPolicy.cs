namespace Dapr.Voice.Transceiver.Agents;

/// <summary>The deadlines and retries for an agent's backend.</summary>
/// <param name="ConnectDeadline">For TCP, TLS and the upgrade together.</param>
/// <param name="RetryDelays">The waits before each further attempt, varied by a quarter. When they are used up, the session ends.</param>
/// <param name="SettledAfter">After a connection that lived this long, the next loss starts with the first delay again.</param>
internal sealed record BackendPolicy(TimeSpan ConnectDeadline, IReadOnlyList<TimeSpan> RetryDelays, TimeSpan SettledAfter)
{
    /// <summary>
    /// How many of the delays apply to a session that has had no connection for <see cref="SettledAfter"/> yet. Its caller has heard
    /// nothing so far, and should learn soon that it is in vain.
    /// </summary>
    public int FirstRetries { get; init; } = int.MaxValue;

    /// <summary>
    /// A restarted process is back within the first two delays. A conversation outlives half a minute without its backend. A new caller
    /// waits at most 37 s and is then told why.
    /// </summary>
    public static BackendPolicy Default { get; } = new(
        TimeSpan.FromSeconds(5),
        [TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2),
        TimeSpan.FromSeconds(4), .. Enumerable.Repeat(TimeSpan.FromSeconds(5), 8)],
        TimeSpan.FromSeconds(10)) { FirstRetries = 5 };
}

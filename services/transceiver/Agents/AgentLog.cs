namespace Dapr.Voice.Transceiver.Agents;

internal static partial class AgentLog
{
    [LoggerMessage(2300, LogLevel.Debug, "Session {CallId}: connected to the agent backend at {Host}")]
    public static partial void BackendConnected(ILogger logger, string callId, string host);

    [LoggerMessage(2301, LogLevel.Warning, "Session {CallId}: the connection to the agent backend at {Host} ended ({Failure}). Attempt "
        + "{Attempt} follows in {DelayMilliseconds:F0} ms")]
    public static partial void BackendLost(
        ILogger logger, string callId, string host, string failure, int attempt, double delayMilliseconds);

    [LoggerMessage(2302, LogLevel.Error,
        "Session {CallId}: no connection to the agent backend at {Host} after {Attempts} attempts ({Failure})")]
    public static partial void BackendGivenUp(ILogger logger, string callId, string host, string failure, int attempts);
}

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>What a session writes to the log.</summary>
internal static partial class SessionLog
{
    [LoggerMessage(LogLevel.Information, "{CallId}: nothing arrives from the caller; its agent is released")]
    public static partial void AgentReleased(ILogger logger, string callId);

    [LoggerMessage(LogLevel.Information, "{CallId}: the caller is back, and its agent goes on")]
    public static partial void AgentResumed(ILogger logger, string callId);

    [LoggerMessage(LogLevel.Information, "{CallId}: ICE restarted")]
    public static partial void IceRestarted(ILogger logger, string callId);

    // Two strings, as other messages have them: one with numbers is generic code that the first takeover would wait for.
    [LoggerMessage(LogLevel.Information, "{CallId}: continued here, {From}")]
    public static partial void Resumed(ILogger logger, string callId, string from);
}

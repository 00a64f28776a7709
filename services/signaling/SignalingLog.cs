using Dapr.Voice.Contracts;
using Dapr.Voice.Sidecar;

namespace Dapr.Voice.Signaling;

/// <summary>Everything that signaling logs. It never logs keys, ICE passwords or SDP.</summary>
internal static partial class SignalingLog
{
    [LoggerMessage(LogLevel.Information, "{CallId}: ICE restarted at {Owner}, generation {Generation}")]
    public static partial void IceRestarted(ILogger logger, string callId, string owner, int generation);

    [LoggerMessage(2, LogLevel.Warning,
        "The fleet's records cannot be read ({ErrorCode}). New sessions are refused until they can be read")]
    public static partial void FleetUnknown(ILogger logger, string? errorCode);

    [LoggerMessage(3, LogLevel.Information, "The fleet's records can be read again: {Owners} owners")]
    public static partial void FleetKnown(ILogger logger, int owners);

    [LoggerMessage(4, LogLevel.Information, "Session {CallId} created for {ClientKind}: agent {Agent}, slot {Slot} of {Owner}")]
    public static partial void SessionCreated(ILogger logger, string callId, string clientKind, string agent, int slot, string owner);

    [LoggerMessage(5, LogLevel.Information, "No session: {Code}")]
    public static partial void SessionRefused(ILogger logger, string code);

    [LoggerMessage(6, LogLevel.Error, "The state store refused the record of a session: {ErrorCode}. Is there a component 'sessions', "
        + "and is it scoped to signaling?")]
    public static partial void RecordRefused(ILogger logger, string? errorCode);

    [LoggerMessage(7, LogLevel.Warning, "Session {CallId} could not be pushed to {Owner} ({Outcome} {ErrorCode}, {Tries} tries). The "
        + "owner will read its record on the first packet")]
    public static partial void PushFailed(
        ILogger logger, string callId, string owner, InvocationOutcome outcome, string? errorCode, int tries);

    [LoggerMessage(8, LogLevel.Error, "Event {EventId} {Type} could not be published ({Outcome} {ErrorCode}, {Tries} tries) and is lost")]
    public static partial void PublishFailed(
        ILogger logger, string eventId, string type, PublishOutcome outcome, string? errorCode, int tries);

    [LoggerMessage(9, LogLevel.Error, "The queue of {Queue} is full. {CallId} was dropped from it")]
    public static partial void QueueFull(ILogger logger, string queue, string callId);

    [LoggerMessage(10, LogLevel.Information, "Session {CallId} was ended by its owner {Owner} on request ({Reason})")]
    public static partial void EndedByOwner(ILogger logger, string callId, string owner, SessionEndReason reason);

    [LoggerMessage(11, LogLevel.Information, "Session {CallId} was ended here ({Reason}), because no owner knows it")]
    public static partial void EndedHere(ILogger logger, string callId, SessionEndReason reason);

    [LoggerMessage(12, LogLevel.Warning, "Session {CallId} could not be ended. {Owner} did not confirm the end ({Outcome} {ErrorCode})")]
    public static partial void EndUnconfirmed(ILogger logger, string callId, string owner, InvocationOutcome outcome, string? errorCode);

    [LoggerMessage(13, LogLevel.Information, "Internal call by {Caller}: {Method} for {CallId}, {Word}")]
    public static partial void InternalCall(ILogger logger, string caller, string method, string callId, string word);

    [LoggerMessage(15, LogLevel.Information, "The page is served from {Folder}")]
    public static partial void PageServed(ILogger logger, string folder);

    [LoggerMessage(16, LogLevel.Warning, "No page: {Folder} has no index.html. Set Signaling__WebRoot")]
    public static partial void PageMissing(ILogger logger, string folder);

    [LoggerMessage(17, LogLevel.Warning, "Signaling__DemoPage is on: anybody who reaches this service can start a session")]
    public static partial void DemoIsOpen(ILogger logger);

    [LoggerMessage(18, LogLevel.Error, "{Queue}: the work for {CallId} failed and is not repeated")]
    public static partial void WorkFailed(ILogger logger, Exception exception, string queue, string callId);

    [LoggerMessage(19, LogLevel.Warning,
        "Session {CallId} has no owner, and its record could not be ended. The store or the owner did not answer "
        + "for minutes")]
    public static partial void LeftUnclaimed(ILogger logger, string callId);

    [LoggerMessage(20, LogLevel.Error, "No id for a session: its page could not be stored ({Outcome} {ErrorCode})")]
    public static partial void PageNotWritten(ILogger logger, StateWriteOutcome outcome, string? errorCode);

    [LoggerMessage(21, LogLevel.Warning, "All {Pages} pages of call ids of these ten minutes are in use. Records of further calls are "
        + "found only by their owners")]
    public static partial void PagesFull(ILogger logger, int pages);

    [LoggerMessage(22, LogLevel.Error, "Session {CallId}: the store has not said for too long whether its end was written here. Its "
        + "event may be missing")]
    public static partial void EndUnsettled(ILogger logger, string callId);

    [LoggerMessage(23, LogLevel.Error, "{Items} items of {Queue} were not done when the service stopped")]
    public static partial void QueueLeft(ILogger logger, int items, string queue);
}

namespace Dapr.Voice.CallLog;

/// <summary>The data of a lifecycle event (docs/events.md). Fields that this sample does not use are left out.</summary>
internal sealed record CallEvent(string Type, DateTimeOffset Time, string CallId, long Seq, string Agent, string? Reason);

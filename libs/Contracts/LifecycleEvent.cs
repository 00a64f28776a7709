using System.Text.Json.Serialization;

namespace Dapr.Voice.Contracts;

/// <summary>
/// A lifecycle event of a session or of the fleet, as a CloudEvent 1.0 (docs/design.md 4.5). It is published as
/// <c>application/cloudevents+json</c>, so that its id, type and source are ours and not the sidecar's. <c>id</c> is <c>{callId}/{seq}</c>.
/// Brokers repeat and reorder events; a subscriber uses the id to find duplicates and to restore the order. An event has no audio, no
/// transcript and no secret. <c>traceparent</c> is a header of the publish call and not part of the event (docs/dapr.md, point 8).
/// </summary>
public sealed record LifecycleEvent(
    [property: JsonPropertyName("id")] string Id,
    [property: JsonPropertyName("source")] string Source,
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("subject")] string Subject,
    [property: JsonPropertyName("time")] DateTimeOffset Time,
    [property: JsonPropertyName("data")] LifecycleData Data)
{
    [JsonPropertyName("specversion")] public string SpecVersion { get; init; } = "1.0";
    [JsonPropertyName("datacontenttype")] public string DataContentType { get; init; } = "application/json";

    /// <param name="source"><c>/voice/{region}/{service}/{instance}</c>.</param>
    public static LifecycleEvent ForSession(string type, SessionRecord session, long sequence, string source, DateTimeOffset time)
        => new($"{session.CallId}/{sequence}", source, type, session.CallId, time, new LifecycleData
        {
            CallId = session.CallId,
            Region = session.Region,
            Sequence = sequence,
            Owner = session.OwnerAppId,
            Agent = session.Agent,
            Reason = type == LifecycleEventTypes.SessionEnded ? session.EndReason : null,
            Statistics = session.Statistics,
        });
}

public sealed record LifecycleData
{
    public string? CallId { get; init; }
    public required string Region { get; init; }
    [JsonPropertyName("seq")] public required long Sequence { get; init; }
    public string? Owner { get; init; }
    public string? Agent { get; init; }
    public SessionEndReason? Reason { get; init; }
    public SessionStatistics? Statistics { get; init; }
    public int? Slot { get; init; }
    public long? Epoch { get; init; }
}

public static class LifecycleEventTypes
{
    public const string SessionCreated = "voice.session.created.v1";
    public const string SessionConnected = "voice.session.connected.v1";
    public const string SessionEnded = "voice.session.ended.v1";
}

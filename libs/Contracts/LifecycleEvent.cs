using System.Text.Json.Serialization;

namespace Dapr.Voice.Contracts;

/// <summary>
/// A lifecycle event of a session, as a CloudEvent 1.0 (docs/events.md). It is published as <c>application/cloudevents+json</c>, so that
/// id, type and source are ours and not the sidecar's. <c>id</c> is <c>{callId}/{seq}</c>. Brokers repeat and reorder events; a subscriber
/// uses the id to find duplicates and to restore the order. An event has no audio, no transcript and no secret. <c>traceparent</c> is a
/// header of the publish call and not part of the event (docs/dapr.md, point 8).
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

    /// <param name="type">One of <see cref="LifecycleEventTypes"/>.</param>
    /// <param name="source"><c>/voice/{region}/{service}/{instance}</c>.</param>
    public static LifecycleEvent ForSession(string type, SessionRecord session, long sequence, string source, DateTimeOffset time)
        => new($"{session.CallId}/{sequence}", source, type, session.CallId, time, new LifecycleData
        {
            Type = type,
            Time = time,
            CallId = session.CallId,
            Region = session.Region,
            Sequence = sequence,
            Owner = session.OwnerAppId,
            Agent = session.Agent,
            Reason = type == LifecycleEventTypes.SessionEnded ? session.EndReason : null,
            Statistics = session.Statistics,
        });
}

/// <summary>
/// What an event tells. docs/events.schema.json describes it, and a test compares the two. <see cref="Type"/> and <see cref="Time"/> repeat
/// the fields of the envelope, because some SDKs hand a subscriber the data alone.
/// </summary>
public sealed record LifecycleData
{
    public required string Type { get; init; }
    public required DateTimeOffset Time { get; init; }
    public required string CallId { get; init; }
    public required string Region { get; init; }

    /// <summary>1 for the first event of a session. It grows, but may skip a number.</summary>
    [JsonPropertyName("seq")] public required long Sequence { get; init; }

    /// <summary>App id of the transceiver that serves the session.</summary>
    public required string Owner { get; init; }
    public required string Agent { get; init; }

    /// <summary>Null except in <see cref="LifecycleEventTypes.SessionEnded"/>.</summary>
    public SessionEndReason? Reason { get; init; }

    /// <summary>Null in <see cref="LifecycleEventTypes.SessionCreated"/>, and if signaling ended the session.</summary>
    public SessionStatistics? Statistics { get; init; }
}

/// <summary>Every type of event on <see cref="Topics.Sessions"/>.</summary>
public static class LifecycleEventTypes
{
    public const string SessionCreated = "voice.session.created.v1";
    public const string SessionConnected = "voice.session.connected.v1";

    /// <summary>Another transceiver continues the session of one that died.</summary>
    public const string SessionResumed = "voice.session.resumed.v1";

    /// <summary>Another transceiver continues the session of one that leaves.</summary>
    public const string SessionMoved = "voice.session.moved.v1";
    public const string SessionEnded = "voice.session.ended.v1";
}

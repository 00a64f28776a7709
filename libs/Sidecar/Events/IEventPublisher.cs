using System.Text.Json.Serialization.Metadata;

namespace Dapr.Voice.Sidecar;

/// <summary>How a publish call ended.</summary>
public enum PublishOutcome
{
    /// <summary>The broker has accepted the event.</summary>
    Published,
    /// <summary>The sidecar or the broker is unavailable, or the deadline passed. The event may have been published all the same.</summary>
    Unavailable,
    /// <summary>
    /// The call can't succeed without a change: unknown component, topic out of scope, rejected token, event too large.
    /// </summary>
    Refused,
}

/// <param name="ErrorCode">Dapr's error code, or a replacement if there is none. It is safe to log. Null on success.</param>
public readonly record struct PublishResult(PublishOutcome Outcome, string? ErrorCode)
{
    public bool IsPublished => Outcome == PublishOutcome.Published;
}

/// <summary>Publishes CloudEvents that we create, with Dapr's publish API.</summary>
public interface IEventPublisher
{
    /// <param name="cloudEvent">A whole CloudEvent 1.0 with an <c>id</c>. (An event without an id would be delivered without one.)</param>
    /// <param name="traceparent">W3C trace context. If null, that of the current activity is used. It is a header of the call, because the
    /// sidecar overwrites one inside the event (docs/dapr.md, point 8). </param>
    Task<PublishResult> PublishAsync<T>(string pubsub, string topic, T cloudEvent, JsonTypeInfo<T> type, string? traceparent = null,
        CancellationToken cancellation = default);
}

using System.Text.Json.Serialization.Metadata;

namespace Dapr.Voice.Sidecar;

/// <summary>How a publish call ended.</summary>
public enum PublishOutcome
{
    /// <summary>The broker has it.</summary>
    Published,
    /// <summary>Sidecar or broker away, or the deadline passed; it may have been published all the same.</summary>
    Unavailable,
    /// <summary>Never without a change of configuration: unknown component, topic out of scope, refused token, event too large.</summary>
    Refused,
}

/// <param name="ErrorCode">Dapr's error code, or a word for its absence; safe to log. Null on success.</param>
public readonly record struct PublishResult(PublishOutcome Outcome, string? ErrorCode)
{
    public bool IsPublished => Outcome == PublishOutcome.Published;
}

/// <summary>Dapr's publish API for CloudEvents of our own making.</summary>
public interface IEventPublisher
{
    /// <param name="cloudEvent">A whole CloudEvent 1.0 with an <c>id</c> (an event without one is delivered without one).</param>
    /// <param name="traceparent">
    /// W3C trace context; the current activity's where null. A header of the call, because the sidecar overwrites one inside the event
    /// (docs/dapr.md, point 8).
    /// </param>
    Task<PublishResult> PublishAsync<T>(string pubsub, string topic, T cloudEvent, JsonTypeInfo<T> type, string? traceparent = null,
        CancellationToken cancellation = default);
}

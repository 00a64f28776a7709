namespace Dapr.Voice.DevSidecar.PubSub;

/// <summary>How the delivery of an event to a group ended.</summary>
internal enum DeliveryEnd
{
    /// <summary>The event was acknowledged or dropped, or no attempt is left. The group is finished with it.</summary>
    Done,

    /// <summary>The consumer left before it was finished. Another member may deliver the event.</summary>
    Returned,
}

/// <summary>A member of a consumer group: the subscription of one sidecar to one topic.</summary>
internal interface IEventConsumer
{
    /// <summary>The workers of the sidecar. The group takes one for each delivery and releases it afterwards.</summary>
    DeliveryWorkers Workers { get; }

    /// <summary>
    /// Delivers an event, with all retries. Completes <paramref name="firstAttempt"/> when the app has answered once, so that the next
    /// event of the topic can follow in order. Never throws.
    /// </summary>
    Task<DeliveryEnd> DeliverAsync(BrokerEvent delivered, TaskCompletionSource firstAttempt);
}

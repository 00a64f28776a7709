namespace Dapr.Voice.DevSidecar.PubSub;

/// <summary>How the delivery of one event ended for its group.</summary>
internal enum DeliveryEnd
{
    /// <summary>Acknowledged, dropped, or given up: the group is done with it.</summary>
    Done,

    /// <summary>The consumer left before it was done: another member may have it.</summary>
    Returned,
}

/// <summary>A member of a consumer group: one sidecar's subscription to one topic.</summary>
internal interface IEventConsumer
{
    /// <summary>
    /// Delivers, with all retries. Completes <paramref name="firstAttempt"/> when the app has answered once, so that the next event of the
    /// topic may follow in order. Never throws.
    /// </summary>
    Task<DeliveryEnd> DeliverAsync(BrokerEvent delivered, TaskCompletionSource firstAttempt);
}

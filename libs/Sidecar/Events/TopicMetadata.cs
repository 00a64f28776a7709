namespace Dapr.Voice.Sidecar;

/// <summary>Endpoint metadata: this route receives the events of a topic.</summary>
/// <param name="DeadLetterTopic">Where an event goes that was refused for good. Only with an inbound retry policy on the component: without one the first failure goes there.</param>
/// <param name="Match">CEL expression over <c>event</c>; null for the default route of the topic.</param>
/// <param name="Priority">Rules with lower numbers are asked first.</param>
public sealed record TopicMetadata(string PubSub, string Topic, string? DeadLetterTopic = null, string? Match = null, int Priority = 0);

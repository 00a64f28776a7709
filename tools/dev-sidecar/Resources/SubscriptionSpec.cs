namespace Dapr.Voice.DevSidecar;

/// <summary>How an app came to a subscription; the word is that of the metadata API.</summary>
internal enum SubscriptionKind { Programmatic, Declarative }

/// <param name="Match">CEL expression; null for the default route.</param>
internal sealed record SubscriptionRule(MatchExpression? Match, string? MatchText, string Path);

/// <summary>One topic that an app hears, from its own <c>/dapr/subscribe</c> or from a file.</summary>
internal sealed record SubscriptionSpec(SubscriptionKind Kind, string PubSub, string Topic, IReadOnlyList<SubscriptionRule> Rules, string? DeadLetterTopic, IReadOnlyList<string> Scopes);

namespace Dapr.Voice.DevSidecar.Resources;

/// <summary>How an app came to a subscription; the word is that of the metadata API.</summary>
internal enum SubscriptionKind { Programmatic, Declarative }

/// <param name="Match">CEL expression; null for the default route.</param>
internal sealed record SubscriptionRule(MatchExpression? Match, string? MatchText, string Path);

/// <summary>One topic that an app hears, from its own <c>/dapr/subscribe</c> or from a file.</summary>
internal sealed record SubscriptionSpec(SubscriptionKind Kind, string PubSub, string Topic, IReadOnlyList<SubscriptionRule> Rules,
    string? DeadLetterTopic, IReadOnlyList<string> Scopes)
{
    /// <summary>The message is not a CloudEvent: the sidecar puts it into one, as base64.</summary>
    public bool IsRaw { get; init; }

    /// <summary>The app receives bulk messages and answers with a status for each entry.</summary>
    public bool IsBulk { get; init; }
}

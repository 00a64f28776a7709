namespace Dapr.Voice.DevSidecar.Resources;

/// <summary>Where a subscription comes from: the app, or a file. The words are those of the metadata API.</summary>
internal enum SubscriptionKind { Programmatic, Declarative }

/// <param name="Match">A CEL expression. Null for the default route.</param>
internal sealed record SubscriptionRule(MatchExpression? Match, string? MatchText, string Path);

/// <summary>A topic that an app subscribes to, from its own <c>/dapr/subscribe</c> or from a file.</summary>
internal sealed record SubscriptionSpec(SubscriptionKind Kind, string PubSub, string Topic, IReadOnlyList<SubscriptionRule> Rules,
    string? DeadLetterTopic, IReadOnlyList<string> Scopes)
{
    /// <summary>The messages are not CloudEvents. The sidecar puts each into one, as base64.</summary>
    public bool IsRaw { get; init; }

    /// <summary>The app receives bulk messages, and answers with a status for each entry.</summary>
    public bool IsBulk { get; init; }
}

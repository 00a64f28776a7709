namespace Dapr.Voice.DevSidecar.Resources;

/// <summary>The content of the resource folders and of the configuration file.</summary>
internal sealed record ResourceSet(
    IReadOnlyList<ComponentSpec> Components,
    IReadOnlyList<SubscriptionSpec> Subscriptions,
    IReadOnlyList<ResiliencySpec> Resiliency,
    IReadOnlyList<string> Notes)
{
    /// <summary>The inbound retry policy of a component for an app, or null.</summary>
    public RetryPolicy? InboundRetry(string component, string appId)
    {
        foreach (ResiliencySpec resiliency in Resiliency)
        {
            if (resiliency.Scopes.Count > 0 && !resiliency.Scopes.Contains(appId, StringComparer.Ordinal)) continue;
            if (resiliency.InboundRetries.TryGetValue(component, out RetryPolicy? policy)) return policy;
            if (resiliency.DefaultInboundRetry is { } otherwise) return otherwise;
        }
        return null;
    }
}

/// <summary>The part of a Resiliency resource that this sidecar uses.</summary>
/// <param name="InboundRetries">The policies by the name of their component.</param>
internal sealed record ResiliencySpec(
    IReadOnlyDictionary<string, RetryPolicy> InboundRetries, RetryPolicy? DefaultInboundRetry, IReadOnlyList<string> Scopes);

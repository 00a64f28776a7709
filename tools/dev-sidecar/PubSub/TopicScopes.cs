using Dapr.Voice.DevSidecar.Resources;


namespace Dapr.Voice.DevSidecar.PubSub;

/// <summary>
/// The topics of a component that an app may publish and subscribe to: <c>publishingScopes</c>, <c>subscriptionScopes</c>,
/// <c>allowedTopics</c> and <c>protectedTopics</c>.
/// </summary>
internal sealed class TopicScopes
{
    private readonly Dictionary<string, string[]> _publishing;
    private readonly Dictionary<string, string[]> _subscribing;
    private readonly string[] _allowed;
    private readonly string[] _protected;

    public TopicScopes(ComponentSpec component)
    {
        _publishing = Scopes(component, "publishingScopes");
        _subscribing = Scopes(component, "subscriptionScopes");
        _allowed = List(component.Find("allowedTopics"));
        _protected = List(component.Find("protectedTopics"));
    }

    public bool MayPublish(string appId, string topic) => IsAllowed(_publishing, appId, topic);

    public bool MaySubscribe(string appId, string topic) => IsAllowed(_subscribing, appId, topic);

    // An app that the scopes name may use the topics listed there and no others. Any other app may use all topics except protected ones.
    private bool IsAllowed(Dictionary<string, string[]> scopes, string appId, string topic)
    {
        if (_allowed.Length > 0 && !_allowed.Contains(topic, StringComparer.Ordinal)) return false;
        if (scopes.TryGetValue(appId, out string[]? topics)) return topics.Contains(topic, StringComparer.Ordinal);
        return !_protected.Contains(topic, StringComparer.Ordinal);
    }

    private static Dictionary<string, string[]> Scopes(ComponentSpec component, string name)
    {
        var scopes = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (string part in (component.Find(name) ?? "").Split(
            ';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0) throw component.Source.Error($"'{name}' of component '{component.Name}' must look like "
                + $"app=topic1,topic2;app2=topic3, not '{part}'.");
            scopes[part[..equals].Trim()] = List(part[(equals + 1)..]);
        }
        return scopes;
    }

    private static string[] List(string? text)
        => (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}

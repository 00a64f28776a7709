using Dapr.Voice.DevSidecar.PubSub;
using Dapr.Voice.DevSidecar.Resources;
using Dapr.Voice.DevSidecar.Secrets;
using Dapr.Voice.DevSidecar.State;


namespace Dapr.Voice.DevSidecar.Components;

/// <summary>The stores and brokers that all app ids of the process share.</summary>
/// <remarks>With the real sidecar, <c>state.in-memory</c> and <c>pubsub.in-memory</c> belong to one sidecar alone. Here they are shared as
/// well, because that is more useful. No recording has two sidecars on one of them.</remarks>
internal sealed class SharedComponents : IDisposable
{
    private readonly Dictionary<string, StateStore> _stores = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (Broker Broker, TopicScopes Scopes)> _brokers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SecretStore> _secrets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Outage> _outages = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ComponentSpec> _specs = new(StringComparer.Ordinal);

    public SharedComponents(ResourceSet resources, DevSidecarOptions options)
    {
        Resources = resources;
        foreach (string away in options.Away)
        {
            ComponentSpec component = resources.Components.FirstOrDefault(c => c.Name == away)
                ?? throw new ResourceException($"--away {away}: there is no such component.");
            if (!component.IgnoreErrors)
                throw new ResourceException($"component '{away}' ({component.Type}): its server does not answer. Start it, or set "
                    + $"'ignoreErrors: true' in {component.Source.File}.");
        }
        foreach (ComponentSpec component in resources.Components)
        {
            // A component with ignoreErrors that failed to start does not exist for the apps.
            if (options.Away.Contains(component.Name, StringComparer.Ordinal)) continue;
            _specs[component.Name] = component;
            _outages[component.Name] = new Outage(options.TimeScale);
            switch (component.Category)
            {
                case "state": _stores[component.Name] = StateStore.Create(component, options.Time); break;
                case "pubsub":
                    var broker = new Broker(keepsHistory: component.Type == "pubsub.redis",
                        keepsGroups: component.Type is "pubsub.redis" or "pubsub.rabbitmq");
                    _brokers[component.Name] = (broker, new TopicScopes(component));
                    break;
                default: _secrets[component.Name] = SecretStore.Create(component); break;
            }
        }
    }

    public ResourceSet Resources { get; }

    /// <summary>What the apps asked of components.</summary>
    public CallLog Calls { get; } = new();

    /// <summary>True if the app has a component of the category.</summary>
    public bool HasAny(string category, string appId) => _specs.Values.Any(c => c.Category == category && c.IsFor(appId));

    public IEnumerable<ComponentSpec> For(string appId) => _specs.Values.Where(c => c.IsFor(appId));

    public bool TryGetState(string name, string appId, out StateStore store, out ComponentSpec component, out Outage outage)
    {
        bool isThere = Find(name, appId, out component, out outage);
        store = null!;
        return isThere && _stores.TryGetValue(name, out store!);
    }

    public bool TryGetBroker(string name, string appId, out Broker broker, out TopicScopes scopes, out ComponentSpec component,
        out Outage outage)
    {
        bool isThere = Find(name, appId, out component, out outage);
        (broker, scopes) = (null!, null!);
        if (!isThere || !_brokers.TryGetValue(name, out (Broker Broker, TopicScopes Scopes) found)) return false;
        (broker, scopes) = found;
        return true;
    }

    public bool TryGetSecrets(string name, string appId, out SecretStore store)
    {
        store = null!;
        return Find(name, appId, out _, out _) && _secrets.TryGetValue(name, out store!);
    }

    /// <summary>Reads the secret stores in the scope of an app. An app that joins therefore does not need our secrets.</summary>
    /// <exception cref="ResourceException">A secret store cannot be read. The real sidecar does not start in this case, either.</exception>
    public void CheckFor(string appId)
    {
        foreach (ComponentSpec? component in For(appId).Where(c => c.Category == "secretstores" && !c.IgnoreErrors))
            _secrets[component.Name].All();
    }

    /// <summary>Sets the state of the server behind a component. A killed server comes back empty.</summary>
    /// <returns>False for an unknown component.</returns>
    public bool SetOutage(string name, OutageState state)
    {
        if (!_outages.TryGetValue(name, out Outage? outage)) return false;
        if (outage.State == OutageState.Killed && state != OutageState.Killed)
        {
            if (_stores.TryGetValue(name, out StateStore? store)) store.Clear();
            if (_brokers.TryGetValue(name, out (Broker Broker, TopicScopes Scopes) broker)) broker.Broker.Clear();
        }
        outage.Set(state);
        return true;
    }

    /// <summary>The values of a state store whose keys begin so, without waiting for an outage. Null for an unknown store.</summary>
    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>>? Values(string name, string prefix)
        => _stores.TryGetValue(name, out StateStore? store) ? store.List(prefix) : null;

    public void Dispose()
    {
        foreach ((Broker? broker, TopicScopes _) in _brokers.Values) broker.Dispose();
    }

    private bool Find(string name, string appId, out ComponentSpec component, out Outage outage)
    {
        outage = null!;
        if (!_specs.TryGetValue(name, out component!) || !component.IsFor(appId)) return false;
        outage = _outages[name];
        return true;
    }
}

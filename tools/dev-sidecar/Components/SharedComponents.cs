using Dapr.Voice.DevSidecar.PubSub;
using Dapr.Voice.DevSidecar.Resources;
using Dapr.Voice.DevSidecar.Secrets;
using Dapr.Voice.DevSidecar.State;


namespace Dapr.Voice.DevSidecar.Components;

/// <summary>
/// What all app ids of the process share: stores and brokers by component. On the real sidecar <c>state.in-memory</c> and
/// <c>pubsub.in-memory</c> belong to one sidecar alone; here they are shared as well, which is the friendlier reading and the only
/// difference that is meant (no recording has two sidecars on one of them).
/// </summary>
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
            // A component that failed to start with ignoreErrors is not there for the apps.
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

    /// <summary>True if the app has any component of the category.</summary>
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

    /// <summary>
    /// Throws <see cref="ResourceException"/> if a secret store of this app cannot be read: the real sidecar ends there, too. Only for
    /// components in the app's scope, so that an app that joins needs no secrets of ours.
    /// </summary>
    public void CheckFor(string appId)
    {
        foreach (ComponentSpec? component in For(appId).Where(c => c.Category == "secretstores" && !c.IgnoreErrors))
            _secrets[component.Name].All();
    }

    /// <summary>
    /// Lets the server behind a component die, hang or return. A killed one comes back empty. False for an unknown component.
    /// </summary>
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

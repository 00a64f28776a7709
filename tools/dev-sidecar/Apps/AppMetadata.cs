using Dapr.Client.Autogen.Grpc.v1;
using Dapr.Voice.DevSidecar.Components;
using Dapr.Voice.DevSidecar.Resources;
using Dapr.Voice.DevSidecar.State;

namespace Dapr.Voice.DevSidecar.Apps;

/// <summary>What an app can ask its sidecar about itself. Any thread.</summary>
internal sealed class AppMetadata(string appId, SharedComponents components, AppChannel? app, AppSubscriptions? subscriptions)
{
    private const string RuntimeVersion = "1.18.1";
    private const int MaximumExtendedValues = 100, MaximumValueCharacters = 10_000;

    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, string> _extended = new(StringComparer.Ordinal) { ["daprRuntimeVersion"] = RuntimeVersion };

    /// <summary>Keeps a value for <see cref="Describe"/>.</summary>
    /// <exception cref="ApiException">There are too many values, or the value is too long.</exception>
    public void Set(string name, string value)
    {
        lock (_gate)
        {
            bool hasRoom = _extended.ContainsKey(name) || _extended.Count < MaximumExtendedValues;
            if (!hasRoom || value.Length > MaximumValueCharacters)
                throw new ApiException(ApiError.MetadataFull,
                    $"the development sidecar keeps at most {MaximumExtendedValues} values of {MaximumValueCharacters} characters");
            _extended[name] = value;
        }
    }

    public GetMetadataResponse Describe()
    {
        var answer = new GetMetadataResponse
        {
            Id = appId,
            RuntimeVersion = RuntimeVersion,
            EnabledFeatures = { "HotReload", "WorkflowsRemoteActivityReminder" },
            ActorRuntime = new ActorRuntime { RuntimeStatus = ActorRuntime.Types.ActorRuntimeStatus.Disabled,
                Placement = "placement: disconnected" },
        };
        foreach (ComponentSpec component in components.For(appId))
        {
            answer.RegisteredComponents.Add(new RegisteredComponents
            {
                Name = component.Name,
                Type = component.Type,
                Version = component.Version,
                Capabilities = { Capabilities(component) },
            });
        }
        lock (_gate) answer.ExtendedMetadata.Add(_extended);
        foreach (SubscriptionSpec subscription in subscriptions?.Active ?? []) answer.Subscriptions.Add(Described(subscription));
        if (app is not null)
            answer.AppConnectionProperties = new AppConnectionProperties {
                Port = app.Port, Protocol = "http", ChannelAddress = "127.0.0.1" };
        return answer;
    }

    private IEnumerable<string> Capabilities(ComponentSpec component)
        => components.TryGetState(component.Name, appId, out StateStore store, out _, out _) ? store.Capabilities
            : component.Type == "pubsub.in-memory" ? ["SUBSCRIBE_WILDCARDS"]
            : [];

    private static PubsubSubscription Described(SubscriptionSpec subscription) => new()
    {
        PubsubName = subscription.PubSub,
        Topic = subscription.Topic,
        DeadLetterTopic = subscription.DeadLetterTopic ?? "",
        Type = subscription.Kind == SubscriptionKind.Programmatic ? PubsubSubscriptionType.Programmatic
            : PubsubSubscriptionType.Declarative,
        Rules = new PubsubSubscriptionRules {
            Rules = { subscription.Rules.Select(r => new PubsubSubscriptionRule { Match = r.MatchText ?? "", Path = r.Path }) } },
    };
}

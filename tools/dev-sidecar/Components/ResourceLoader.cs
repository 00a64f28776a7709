using System.Globalization;
using Dapr.Voice.DevSidecar.Resources;
using Dapr.Voice.DevSidecar.Secrets;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.DevSidecar.Components;

/// <summary>
/// Reads the YAML files of the real sidecar: every <c>*.yaml</c> and <c>*.yml</c> directly in the folders. A file may have several
/// documents.
/// </summary>
internal sealed class ResourceLoader
{
    /// <summary>The longest file that is read.</summary>
    private const int MaximumFileBytes = 1024 * 1024;

    private static readonly Dictionary<string, string[]> RequiredMetadata = new(StringComparer.Ordinal)
    {
        ["state.redis"] = ["redisHost"],
        ["state.in-memory"] = [],
        ["state.sqlite"] = ["connectionString"],
        ["state.postgresql"] = [],
        ["state.azure.tablestorage"] = ["accountName", "tableName"],
        ["state.azure.blobstorage"] = ["accountName", "containerName"],
        ["pubsub.redis"] = ["redisHost"],
        ["pubsub.rabbitmq"] = ["connectionString"],
        ["pubsub.in-memory"] = [],
        ["secretstores.local.file"] = ["secretsFile"],
        ["secretstores.local.env"] = [],
    };

    private readonly List<RawComponent> _components = [];
    private readonly List<SubscriptionSpec> _subscriptions = [];
    private readonly List<ResiliencySpec> _resiliency = [];
    private readonly List<string> _notes = [];

    private sealed record RawComponent(YamlMap Source, string Name, string Type, string Version, IReadOnlyList<YamlMap> Metadata,
        string? SecretStore, IReadOnlyList<string> Scopes, bool IgnoreErrors);

    public static ResourceSet Load(IEnumerable<string> folders, string? configurationFile)
    {
        var loader = new ResourceLoader();
        foreach (string folder in folders)
        {
            if (!Directory.Exists(folder))
                throw new ResourceException($"The resources folder '{folder}' does not exist; name one with --resources-path.");
            foreach (string file in Directory.EnumerateFiles(folder)
                .Where(f => f.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase)
                || f.EndsWith(".yml", StringComparison.OrdinalIgnoreCase)).Order(StringComparer.Ordinal))
                loader.ReadFile(file);
        }
        if (configurationFile is not null)
        {
            if (!File.Exists(configurationFile))
                throw new ResourceException($"The configuration file '{configurationFile}' does not exist; name one with --config.");
            loader.ReadFile(configurationFile);
        }
        return loader.Resolve();
    }

    private void ReadFile(string file)
    {
        if (new FileInfo(file).Length > MaximumFileBytes)
            throw new ResourceException($"{file} is longer than {MaximumFileBytes} bytes, which is too long for a resource file.");
        var yaml = new YamlStream();
        try
        {
            using var reader = new StreamReader(file);
            yaml.Load(reader);
        }
        catch (YamlException e)
        {
            throw new ResourceException(file, e.Start.Line, $"this is not YAML: {e.Message}");
        }
        foreach (YamlDocument document in yaml.Documents)
        {
            if (document.RootNode is not YamlMappingNode root)
            {
                if (document.RootNode is YamlScalarNode { Value: null or "" }) continue;
                throw new ResourceException(file, document.RootNode.Start.Line,
                    "a resource is a mapping with apiVersion, kind, metadata and spec.");
            }
            Read(new YamlMap(file, root));
        }
    }

    private void Read(YamlMap root)
    {
        string kind = root.Required("kind", "Component");
        switch (kind)
        {
            case "Component": ReadComponent(root); break;
            case "Subscription": ReadSubscription(root); break;
            case "Resiliency": ReadResiliency(root); break;
            case "Configuration": ReadConfiguration(root); break;
            default:
                _notes.Add($"{root.File}:{root.Line}: kind '{kind}' is not for this sidecar and is ignored, as by the real one.");
                    break;
        }
    }

    private void ReadComponent(YamlMap root)
    {
        string name = Metadata(root).Required("name", "sessions");
        YamlMap spec = root.Map("spec") ?? throw root.Error(
            $"component '{name}' has no spec; add 'spec:' with type, version and metadata.");
        string type = spec.Required("type", "state.redis");
        string version = spec.Required("version", "v1");
        if (!RequiredMetadata.TryGetValue(type, out string[]? required))
        {
            throw spec.Error(spec.Find("type")!,
                $"component type '{type}' is not known to the development sidecar; it has {string.Join(", ", RequiredMetadata.Keys)}. "
                + "Use the real daprd for other types, or move the file out of this folder.");
        }
        IReadOnlyList<YamlMap> items = spec.Maps("metadata");
        foreach (string needed in required)
        {
            if (!items.Any(i => string.Equals(i.Text("name"), needed, StringComparison.OrdinalIgnoreCase)))
                throw spec.Error(
                    $"component '{name}' ({type}) needs the metadata item '{needed}'; add '- name: {needed}' with a value "
                    + "under spec.metadata.");
        }
        if (_components.FirstOrDefault(c => c.Name == name) is { } other)
            throw root.Error($"component '{name}' is also in {other.Source.File}:{other.Source.Line}; give one of them another name.");
        _components.Add(
            new RawComponent(root, name, type, version, items, root.Map("auth")?.Text("secretStore"), root.Texts("scopes"),
            spec.Flag("ignoreErrors", otherwise: false)));
    }

    private void ReadSubscription(YamlMap root)
    {
        YamlMap spec = root.Map("spec") ?? throw root.Error("the subscription has no spec; add 'spec:' with pubsubname, topic and routes.");
        string pubsub = spec.Required("pubsubname", "lifecycle");
        string topic = spec.Required("topic", "voice-sessions");
        var rules = new List<SubscriptionRule>();
        string apiVersion = root.Required("apiVersion", "dapr.io/v2alpha1");
        if (apiVersion.EndsWith("v1alpha1", StringComparison.Ordinal))
        {
            rules.Add(new SubscriptionRule(null, null, spec.Required("route", "/events")));
        }
        else
        {
            YamlMap routes = spec.Map("routes") ?? throw spec.Error("'routes' is missing; add 'routes:' with 'default: /events'.");
            foreach (YamlMap rule in routes.Maps("rules"))
            {
                string match = rule.Required("match", "event.type == \"x\"");
                if (!MatchExpression.TryParse(match, out MatchExpression? expression, out string? problem))
                    throw rule.Error(rule.Find("match")!, $"the rule '{match}' cannot be read: {problem}");
                rules.Add(new SubscriptionRule(expression, match, rule.Required("path", "/events")));
            }
            if (routes.Text("default") is { Length: > 0 } path) rules.Add(new SubscriptionRule(null, null, path));
            if (rules.Count == 0) throw routes.Error("'routes' has neither rules nor a default; add 'default: /events'.");
        }
        string? deadLetter = spec.Text("deadLetterTopic");
        _subscriptions.Add(new SubscriptionSpec(
            SubscriptionKind.Declarative, pubsub, topic, rules, string.IsNullOrEmpty(deadLetter) ? null : deadLetter, root.Texts("scopes"))
        {
            IsRaw = string.Equals(spec.Map("metadata")?.Text("rawPayload"), "true", StringComparison.OrdinalIgnoreCase),
            IsBulk = spec.Map("bulkSubscribe")?.Flag("enabled", otherwise: false) == true,
        });
    }

    private void ReadResiliency(YamlMap root)
    {
        YamlMap spec = root.Map("spec") ?? throw root.Error("the resiliency resource has no spec; add 'spec:' with policies and targets.");
        var policies = new Dictionary<string, RetryPolicy>(StringComparer.Ordinal);
        if (spec.Map("policies")?.Map("retries") is { } retries)
        {
            foreach ((string name, YamlNode _) in retries.Entries)
                policies[name] = ReadRetry(retries.Map(name) ?? throw retries.Error(
                $"retry policy '{name}' is empty; add 'policy: constant' and 'duration: 500ms'."));
        }
        var inbound = new Dictionary<string, RetryPolicy>(StringComparer.Ordinal);
        YamlMap? targets = spec.Map("targets");
        if (targets?.Map("apps") is { } apps) _notes.Add($"{apps.File}:{apps.Line}: targets.apps is for the real sidecar; this one "
            + "retries an invocation only if it cannot reach the other sidecar.");
        if (targets?.Map("components") is { } components)
        {
            foreach ((string component, YamlNode _) in components.Entries)
            {
                YamlMap target = components.Map(component) ?? throw components.Error(
                    $"target '{component}' is empty; add 'inbound:' with 'retry: NAME'.");
                if (target.Map("outbound") is { } outbound)
                    _notes.Add($"{outbound.File}:{outbound.Line}: outbound policies are for the real sidecar; this "
                        + "one does not retry calls to a store.");
                if (target.Map("inbound")?.Text("retry") is not { Length: > 0 } retry) continue;
                inbound[component] = policies.TryGetValue(retry, out RetryPolicy? policy) ? policy
                    : throw target.Error(
                    $"retry policy '{retry}' is not under spec.policies.retries; it has "
                    + $"{(policies.Count == 0 ? "none" : string.Join(", ", policies.Keys))}.");
            }
        }
        RetryPolicy? otherwise = null;
        foreach (string name in new[] { "DefaultComponentInboundRetryPolicy", "DefaultComponentRetryPolicy", "DefaultRetryPolicy" })
            otherwise ??= policies.GetValueOrDefault(name);
        _resiliency.Add(new ResiliencySpec(inbound, otherwise, root.Texts("scopes")));
    }

    private static RetryPolicy ReadRetry(YamlMap map)
    {
        string policy = map.Text("policy") ?? "constant";
        if (policy is not ("constant" or "exponential"))
            throw map.Error(map.Find("policy")!, $"'policy' must be constant or exponential, not '{policy}'.");
        var codes = new List<(int, int)>();
        if (map.Map("matching")?.Text("httpStatusCodes") is { Length: > 0 } list)
        {
            foreach (string part in list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                string[] ends = part.Split('-');
                if (ends.Length > 2 || !int.TryParse(ends[0], CultureInfo.InvariantCulture, out int from)
                    || !int.TryParse(ends[^1], CultureInfo.InvariantCulture, out int to) || from > to)
                    throw map.Error($"'httpStatusCodes' must look like 429,500-599, not '{list}'.");
                codes.Add((from, to));
            }
        }
        return new RetryPolicy(policy == "exponential", map.Duration("duration", TimeSpan.FromSeconds(5)),
            map.Duration("maxInterval", TimeSpan.FromSeconds(60)), map.Number("maxRetries", -1), codes);
    }

    private void ReadConfiguration(YamlMap root)
    {
        YamlMap? spec = root.Map("spec");
        if (spec is null) return;
        foreach ((string key, YamlNode? value) in spec.Entries)
        {
            // Name resolution is between real sidecars. This process knows all its app ids.
            if (key is not ("nameResolution" or "tracing" or "metrics" or "metric" or "logging" or "features"))
                _notes.Add($"{root.File}:{value.Start.Line}: '{key}' of the configuration is for the real sidecar.");
        }
    }

    private static YamlMap Metadata(YamlMap root)
        => root.Map("metadata") ?? throw root.Error("'metadata' is missing; add 'metadata:' with 'name: …'.");

    private ResourceSet Resolve()
    {
        // Secret stores come first, because other components may refer to them.
        var resolved = new Dictionary<string, ComponentSpec>(StringComparer.Ordinal);
        var secrets = new Dictionary<string, SecretStore>(StringComparer.Ordinal);
        foreach (RawComponent? raw in _components.OrderBy(c => c.Type.StartsWith("secretstores.", StringComparison.Ordinal) ? 0 : 1))
        {
            var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach (YamlMap item in raw.Metadata)
            {
                string name = item.Required("name", "redisHost");
                if (!values.TryAdd(name, Value(raw, item, secrets)))
                    throw item.Error($"metadata item '{name}' is there twice; remove one.");
            }
            var component = new ComponentSpec(raw.Source, raw.Name, raw.Type, raw.Version, values, raw.Scopes, raw.IgnoreErrors);
            resolved[raw.Name] = component;
            if (component.Category == "secretstores") secrets[raw.Name] = SecretStore.Create(component);
        }
        foreach (SubscriptionSpec subscription in _subscriptions)
        {
            if (!resolved.TryGetValue(subscription.PubSub, out ComponentSpec? component) || component.Category != "pubsub")
                _notes.Add(
                    $"A subscription to '{subscription.Topic}' names the pub/sub component '{subscription.PubSub}', which is not there. It "
                    + "will receive nothing.");
        }
        return new ResourceSet(_components.Select(c => resolved[c.Name]).ToList(), _subscriptions, _resiliency, _notes);
    }

    private static string Value(RawComponent component, YamlMap item, Dictionary<string, SecretStore> secrets)
    {
        if (item.Map("secretKeyRef") is { } reference)
        {
            string name = reference.Required("name", "redis-password");
            string key = reference.Text("key") is { Length: > 0 } k ? k : name;
            if (component.SecretStore is not { Length: > 0 } store)
                throw item.Error($"secretKeyRef needs 'auth:' with 'secretStore: NAME' at the top level of component '{component.Name}'.");
            if (!secrets.TryGetValue(store, out SecretStore? found))
                throw item.Error($"the secret store '{store}' is not among the components; add it or correct auth.secretStore.");
            IReadOnlyDictionary<string, string>? result = found.Get(name);
            return result is not null && result.TryGetValue(key, out string? value) ? value
                : throw item.Error($"the secret store '{store}' has no secret '{name}' with the key '{key}'.");
        }
        if (item.Text("envRef") is { Length: > 0 } variable)
            return Environment.GetEnvironmentVariable(variable) ?? throw item.Error($"the environment variable '{variable}' is not set.");
        return item.Text("value") ?? throw item.Error("a metadata item needs 'value', 'secretKeyRef' or 'envRef'.");
    }
}

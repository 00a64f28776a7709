using System.Globalization;
using System.Text.RegularExpressions;
using Dapr.Voice.Contracts;
using Dapr.Voice.Infra.Checks;
using Dapr.Voice.Infra.Manifests;

namespace Dapr.Voice.Infra.Dapr;

/// <summary>
/// Checks one component against the metadata of its type and against our own conventions: the names and scopes of the contracts, no key
/// prefix, nothing that lets a sidecar create tables or topics, and no secret as text. If <paramref name="allowsKeys"/>, the well-known key
/// of the storage emulator may stand in the file. <paramref name="subscribers"/> are the app ids of other services that may use the
/// broker's component to listen. They publish nothing.
/// </summary>
internal sealed partial class ComponentChecker(ICollection<Finding> findings, bool allowsKeys, IReadOnlyCollection<string> subscribers)
{
    public void Check(DaprComponent component)
    {
        if (MetadataBundle.Find(component.Type) is not { } bundle)
        {
            Add(component.MetadataAt, RuleIds.DaprUnknownType,
                $"There is no component type '{component.Type}', or its metadata names are not among tools/infra/Schemas.");
            return;
        }
        if (component.Version.Length > 0 && component.Version != bundle.Version && component.Version != "v1")
            Add(component.MetadataAt, RuleIds.DaprComponentVersion,
                $"'{component.Type}' has no version '{component.Version}'; "
                + $"it has v1{(bundle.Version == "v1" ? "" : " and " + bundle.Version)}.");
        CheckNames(component, bundle);
        CheckRequired(component, bundle);
        CheckConventions(component, bundle);
        CheckScopes(component);
        if (component.Building == "pubsub") CheckPublishingScopes(component);
    }

    private void CheckNames(DaprComponent component, MetadataBundle bundle)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (MetadataEntry entry in component.Metadata)
        {
            if (!seen.Add(entry.Name))
                Add(entry.Where, RuleIds.DaprDuplicateMetadata, $"'{entry.Name}' stands twice; one of them is not read.");
            if (!bundle.Rules.TryGetValue(entry.Name, out MetadataBundle.Rule? rule))
            {
                Add(entry.Where, RuleIds.DaprUnknownMetadata, $"'{component.Type}' does not know '{entry.Name}', and would not say so.");
                continue;
            }
            if (entry.Source == MetadataSource.None) Add(entry.Where, RuleIds.DaprMetadataValue, $"'{entry.Name}' has no value.");
            if (rule.IsSensitive && entry.Source == MetadataSource.Value && !string.IsNullOrEmpty(entry.Value) && !allowsKeys)
                Add(entry.Where, RuleIds.DaprSecretInText, $"'{entry.Name}' is a secret and stands here as text.");
            if (entry.Source != MetadataSource.Value || entry.Value is not { } value) continue;
            bool fits = rule.Type switch
            {
                "bool" => value is "true" or "false",
                "number" => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out _),
                _ => rule.Words.Count == 0 || rule.Words.Contains(value),
            };
            if (!fits)
                Add(entry.Where, RuleIds.DaprMetadataValue,
                    $"'{entry.Name}' is '{value}', it has to be "
                    + $"{(rule.Words.Count > 0 ? "one of " + string.Join(", ", rule.Words) : "a " + rule.Type)}.");
        }
    }

    private void CheckRequired(DaprComponent component, MetadataBundle bundle)
    {
        foreach (string name in bundle.Required.Where(n => component.Find(n) is null))
            Add(component.MetadataAt, RuleIds.DaprMissingMetadata, $"'{component.Type}' needs '{name}'.");
        if (bundle.Profiles.Count == 0 || bundle.Profiles.Any(p => p.Required.All(n => component.Find(n) is not null))) return;
        Add(component.MetadataAt, RuleIds.DaprMissingMetadata,
            $"'{component.Type}' needs one of: "
            + $"{string.Join("; ", bundle.Profiles.Where(p => p.Required.Count > 0).Select(p => string.Join(" and ", p.Required)))}.");
    }

    private void CheckConventions(DaprComponent component, MetadataBundle bundle)
    {
        bool isAzure = component.Type.Contains(".azure.", StringComparison.Ordinal);
        bool hasKey = component.Metadata.Any(m => bundle.Rules.TryGetValue(m.Name, out MetadataBundle.Rule? rule) && rule.IsSensitive);
        if (isAzure && bundle.TakesIdentity && !hasKey && component.Find("azureClientId") is null)
            Add(component.MetadataAt, RuleIds.DaprIdentity, "A user-assigned identity is meant only when 'azureClientId' names it.");
        // Services read what other services wrote. With the default prefix, each app would see only its own keys.
        if (component.Building == "state" && component.Find("keyPrefix")?.Value != "none")
            Add(component.Find("keyPrefix")?.Where ?? component.MetadataAt, RuleIds.DaprKeyPrefix,
                "A state store needs 'keyPrefix: none', or no app sees the records of another.");
        string? management = component.Type switch
        {
            "state.azure.tablestorage" => "skipCreateTable",
            "state.azure.blobstorage" or "pubsub.azure.servicebus.topics" => "disableEntityManagement",
            _ => null,
        };
        if (management is not null && !hasKey && component.Find(management)?.Value != "true")
            Add(component.Find(management)?.Where ?? component.MetadataAt, RuleIds.DaprEntityManagement,
                $"The identity may not make anything: '{management}' has to be \"true\".");
        CheckStorageName(component, "tableName", TableName());
        CheckStorageName(component, "containerName", ContainerName());
        if (!ComponentManifest.Names.Contains(component.Name))
            Add(component.Where, RuleIds.DaprComponentName,
                $"No service uses a component named '{component.Name}'; there are {string.Join(", ", ComponentManifest.Names)}.");
    }

    private void CheckStorageName(DaprComponent component, string name, Regex form)
    {
        if (component.Find(name) is { Source: MetadataSource.Value, Value: { } value } entry && !form.IsMatch(value))
            Add(entry.Where, RuleIds.DaprStorageName, $"'{value}' is no name that Azure Storage takes for '{name}'.");
    }

    private void CheckScopes(DaprComponent component)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string app, Place where) in component.Scopes)
        {
            if (!seen.Add(app)) Add(where, RuleIds.DaprScopes, $"'{app}' stands twice.");
            if (!IsKnown(component, app)) Add(where, RuleIds.DaprUnknownApp, $"No app has the id '{app}'.");
        }
    }

    private void CheckPublishingScopes(DaprComponent component)
    {
        MetadataEntry? entry = component.Find("publishingScopes");
        if (entry is null)
        {
            Add(component.MetadataAt, RuleIds.DaprPublishingScopes, "Without 'publishingScopes' every app may publish to every topic.");
            return;
        }
        if (entry.Value is not { } text) return;
        var apps = new HashSet<string>(StringComparer.Ordinal);
        foreach (string part in text.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] sides = part.Split('=');
            if (sides.Length != 2 || !apps.Add(sides[0]))
            {
                Add(entry.Where, RuleIds.DaprPublishingScopes, $"'{part}' is not app=topic,topic, or the app stands twice.");
                continue;
            }
            if (!IsKnown(component, sides[0]))
                Add(entry.Where, RuleIds.DaprUnknownApp, $"publishingScopes: no app has the id '{sides[0]}'.");
            string[] topics = sides[1].Split(',', StringSplitOptions.RemoveEmptyEntries);
            foreach (string topic in topics.Where(t => !TopicManifest.Names.Contains(t)))
                Add(entry.Where, RuleIds.DaprUnknownTopic, $"publishingScopes: there is no topic '{topic}'.");
            foreach (string topic in TopicManifest.PublishedBy(sides[0]).Where(t => !topics.Contains(t)))
                Add(entry.Where, RuleIds.DaprPublishingScopes, $"'{sides[0]}' publishes to '{topic}' and may not.");
        }
        foreach ((string app, Place _) in component.Scopes.Where(
            s => TopicManifest.PublishedBy(s.App).Count > 0 && !apps.Contains(s.App))) Add(
            entry.Where, RuleIds.DaprPublishingScopes, $"'{app}' publishes and is not named.");
        foreach ((string app, Place _) in component.Scopes.Where(
            s => subscribers.Contains(s.App) && !text.Split(';').Contains(s.App + "=")))
            Add(entry.Where, RuleIds.DaprPublishingScopes, $"'{app}' listens and may publish: name it with nothing behind the sign.");
    }

    private bool IsKnown(DaprComponent component, string app)
        => AppNames.IsOurs(app) || (component.Name == ComponentNames.Lifecycle && subscribers.Contains(app));

    private void Add(Place where, string rule, string message) => findings.Add(Finding.At(where, rule, Severity.Error, message));

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9]{2,62}$")]
    private static partial Regex TableName();

    [GeneratedRegex("^[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]$")]
    private static partial Regex ContainerName();
}

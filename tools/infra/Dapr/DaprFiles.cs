using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Infra.Checks;
using Dapr.Voice.Infra.Documents;
using Dapr.Voice.Infra.Manifests;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Infra.Dapr;

/// <summary>
/// Checks the folders of <c>components</c> that <see cref="Folders"/> names: each file against Dapr's own definition of its kind, each
/// component with <see cref="ComponentChecker"/>, and each folder against the components that the services use (<see
/// cref="ComponentManifest"/>).
/// </summary>
internal static class DaprFiles
{
    /// <summary>The default of <c>FleetOptions.MaximumShards</c>. The files are scoped to that many shards.</summary>
    public const int Shards = 16;

    private static readonly string[] Folders =
        ["components/local", "components/postgres-rabbitmq", "components/azure-emulator", "components/azure"];

    /// <summary>
    /// Checks the files and returns the components by folder. If <paramref name="isComplete"/>, a missing component is a finding.
    /// </summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<DaprComponent>> Check(
        SourceTree tree, bool isComplete, ICollection<Finding> findings)
    {
        var byFolder = new Dictionary<string, IReadOnlyList<DaprComponent>>(StringComparer.Ordinal);
        foreach (string folder in Folders)
        {
            var components = new List<DaprComponent>();
            var resiliency = new List<SourceDocument>();
            foreach (string path in tree.Under(folder, ".yaml"))
            {
                if (SourceDocument.Load(path, tree.Text(path)!, findings) is not { } document) continue;
                CheckDefinition(document, findings);
                string? kind = document.Root.Text("kind");
                if (kind == "Component") components.Add(DaprComponent.From(document));
                if (kind == "Resiliency") resiliency.Add(document);
            }
            foreach (DaprComponent? again in components.GroupBy(c => c.Name, StringComparer.Ordinal).SelectMany(g => g.Skip(1)))
                findings.Add(
                    Finding.At(again.Where, RuleIds.DaprComponentTwice, Severity.Error,
                    $"'{folder}' has a component '{again.Name}' already."));
            var checker = new ComponentChecker(
                findings, allowsKeys: folder is "components/azure-emulator" or "components/postgres-rabbitmq", subscribers: []);
            foreach (DaprComponent component in components)
            {
                checker.Check(component);
                CheckScopes(component, folder, findings);
                if (folder == "components/azure" && ComponentManifest.Find(component.Name) is { } wanted
                    && wanted.AzureType != component.Type)
                    findings.Add(
                        Finding.At(component.MetadataAt, RuleIds.DaprUnknownType, Severity.Error,
                        $"'{component.Name}' is of type '{wanted.AzureType}' in Azure."));
            }
            foreach (SourceDocument document in resiliency) CheckResiliency(document, components, findings);
            bool loses = components.Any(c => c.Type == "pubsub.redis");
            if (loses && !resiliency.Any(d => d.Root.At("spec", "targets", "components", ComponentNames.Lifecycle, "inbound", "retry")
                is not null))
            {
                DaprComponent events = components.First(c => c.Type == "pubsub.redis");
                findings.Add(Finding.At(events.MetadataAt, RuleIds.DaprResiliency, Severity.Error, "Redis gives an event to its "
                    + "subscriber once and forgets it, unless an inbound retry policy targets the component."));
            }
            if (isComplete) CheckComplete(folder, components, findings);
            byFolder[folder] = components;
        }
        return byFolder;
    }

    internal static void CheckDefinition(SourceDocument document, ICollection<Finding> findings)
    {
        string? kind = document.Root.Text("kind"), version = document.Root.Text("apiVersion");
        string? definition = kind switch { "Component" => "components", "Configuration" => "configuration", "Resiliency" => "resiliency",
        "Subscription" => "subscription", _ => null };
        if (definition is null)
        {
            findings.Add(
                document.At(document.Root.At("kind") ?? document.Root, RuleIds.DaprSchema,
                $"'{kind}' is no kind of Dapr resource that we use."));
            return;
        }
        if (Definition(definition, version) is not { } schema)
        {
            findings.Add(
                document.At(document.Root.At("apiVersion") ?? document.Root, RuleIds.DaprSchema, $"'{kind}' has no version '{version}'."));
            return;
        }
        foreach (JsonSchema.Problem problem in schema.Check(document.Root))
            findings.Add(document.At(problem.Where, RuleIds.DaprSchema, problem.Message + "."));
        if (string.IsNullOrEmpty(document.Root.Text("metadata", "name")))
            findings.Add(document.At(document.Root, RuleIds.DaprSchema, "'metadata.name' is missing."));
    }

    private static JsonSchema? Definition(string definition, string? apiVersion)
    {
        const string group = "dapr.io/";
        if (apiVersion is null || !apiVersion.StartsWith(group, StringComparison.Ordinal)) return null;
        return Definitions.GetOrAdd((definition, apiVersion[group.Length..]), static key =>
        {
            using var reader = new StreamReader(EmbeddedSchemas.Open($"dapr/crds/{key.Definition}.yaml"));
            YamlNode? version = SourceDocument.Load(key.Definition, reader.ReadToEnd(), [])?.Root.Items("spec", "versions")
                .FirstOrDefault(v => v.Text("name") == key.Version);
            return version.At("schema", "openAPIV3Schema") is { } schema
                ? new JsonSchema(JsonSerializer.SerializeToElement(schema.ToJson()), isClosed: true) : null;
        });
    }

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<(string Definition, string Version),
        JsonSchema?> Definitions = new();

    private static void CheckScopes(DaprComponent component, string folder, ICollection<Finding> findings)
    {
        if (ComponentManifest.Find(component.Name) is not { } manifest) return;
        // On a laptop any app may listen to events. The publishingScopes say which apps may publish.
        if (component.Scopes.Count == 0 && component.Building == "pubsub" && folder != "components/azure") return;
        if (component.Scopes.Count == 0)
        {
            findings.Add(
                Finding.At(component.ScopesAt, RuleIds.DaprScopes, Severity.Error, $"Without scopes every app has '{component.Name}'."));
            return;
        }
        foreach (string app in AllApps().Where(a => manifest.IsUsedBy(a) && component.Scopes.All(s => s.App != a)))
            findings.Add(
                Finding.At(component.ScopesAt, RuleIds.DaprScopes, Severity.Error,
                $"'{app}' uses '{component.Name}' and is not among its scopes."));
        foreach ((string app, Place where) in component.Scopes.Where(s => AppNames.IsOurs(s.App) && !manifest.IsUsedBy(s.App)))
            findings.Add(
            Finding.At(where, RuleIds.DaprScopes, Severity.Error, $"'{app}' does not use '{component.Name}' and is among its scopes."));
    }

    private static IEnumerable<string> AllApps()
        => [AppIds.Signaling, AppIds.Relay, .. Enumerable.Range(0, Shards).Select(AppIds.Transceiver)];

    private static void CheckResiliency(SourceDocument document, IReadOnlyList<DaprComponent> components, ICollection<Finding> findings)
    {
        string[] retries = [.. document.Root.Entries("spec", "policies", "retries").Select(r => r.Name)];
        foreach ((YamlScalarNode? key, string? name, YamlNode? target) in document.Root.Entries("spec", "targets", "components"))
        {
            if (components.All(c => c.Name != name))
                findings.Add(document.At(key, RuleIds.DaprResiliency, $"The folder has no component '{name}'."));
            foreach ((YamlScalarNode _, string _, YamlNode? direction) in target.Entries())
            {
                if (direction.At("retry") is { } retry && !retries.Contains(retry.Text()))
                    findings.Add(document.At(retry, RuleIds.DaprResiliency, $"There is no retry policy '{retry.Text()}'."));
            }
        }
        foreach ((YamlScalarNode? key, string? name, YamlNode? policy) in document.Root.Entries("spec", "policies", "retries"))
        {
            // Each wait varies at random by half, so the sum has to be a fifth longer than the five minutes that a subscriber may be away.
            TimeSpan? whole = WholeWait(policy);
            if (whole is null || whole < TimeSpan.FromMinutes(6) || whole > TimeSpan.FromMinutes(8))
                findings.Add(document.At(key, RuleIds.DaprResiliency, $"'{name}': the waits grow (exponential) up to 'maxInterval', and "
                    + "together they are 6 to 8 minutes. A subscriber may be away for five, and an event that it refuses is not tried for "
                    + "ever."));
            else if (policy.Text("matching", "httpStatusCodes") is not { } codes || Covers(codes, 400) || Covers(codes, 404))
                findings.Add(document.At(key, RuleIds.DaprResiliency, $"'{name}': 'matching.httpStatusCodes' leaves out 400 and 404, since "
                    + "an event that is refused for what it says would be refused again."));
        }
        // Redis' component has ten workers unless it asks for more, and an event that is tried again keeps one.
        foreach (DaprComponent component in components.Where(c => c.Type == "pubsub.redis"
            && (!int.TryParse(c.Find("concurrency")?.Value, System.Globalization.CultureInfo.InvariantCulture, out int workers)
            || workers < 100)))
            findings.Add(Finding.At(component.MetadataAt, RuleIds.DaprResiliency, Severity.Error,
                "'concurrency' is 100 or more: each event that is tried again keeps a worker, and with ten of them few events stop all "
                + "others."));
    }

    /// <param name="codes">Codes and ranges, such as <c>429,500-599</c>.</param>
    private static bool Covers(string codes, int code) => codes.Split(',').Select(range => range.Split('-')).Any(ends =>
        int.TryParse(ends[0], System.Globalization.CultureInfo.InvariantCulture, out int from)
        && int.TryParse(ends[^1], System.Globalization.CultureInfo.InvariantCulture, out int to) && from <= code && code <= to);

    /// <summary>
    /// All waits of an exponential retry policy without their variation: the first is 0.5 s, and each is half as long again as the one
    /// before it, up to maxInterval.
    /// </summary>
    /// <returns>Null for a policy of another kind, without a bound, or of more than 1,000 attempts.</returns>
    private static TimeSpan? WholeWait(YamlNode policy)
    {
        if (policy.Text("policy") != "exponential" || !TryDuration(policy.Text("maxInterval"), out TimeSpan longest)
            || !int.TryParse(policy.Text("maxRetries"), System.Globalization.CultureInfo.InvariantCulture, out int retries)
            || retries is < 0 or > 1_000) return null;
        TimeSpan sum = TimeSpan.Zero, wait = TimeSpan.FromSeconds(0.5);
        for (int i = 0; i < retries; i++)
        {
            sum += wait < longest ? wait : longest;
            wait *= 1.5;
            if (wait > longest) wait = longest;
        }
        return sum;
    }

    /// <summary>Reads a duration in Go's notation, as far as we use it: <c>500ms</c>, <c>2s</c>.</summary>
    private static bool TryDuration(string? text, out TimeSpan duration)
    {
        duration = default;
        if (text is null) return false;
        double unit = text.EndsWith("ms", StringComparison.Ordinal) ? 1 : text.EndsWith('s') ? 1000 : 0;
        if (unit == 0 || !double.TryParse(
            text.TrimEnd('s').TrimEnd('m'), System.Globalization.CultureInfo.InvariantCulture, out double number)) return false;
        duration = TimeSpan.FromMilliseconds(number * unit);
        return true;
    }

    private static void CheckComplete(string folder, IReadOnlyList<DaprComponent> components, ICollection<Finding> findings)
    {
        foreach (ComponentManifest? wanted in ComponentManifest.All.Where(m => components.All(c => c.Name != m.Name)))
        {
            if (wanted.IsBuddy && (folder is "components/local" or "components/postgres-rabbitmq")) continue;
            findings.Add(
                new Finding(RuleIds.DaprComponentMissing, Severity.Error, folder, 0, 0,
                $"The services use a component '{wanted.Name}', '{folder}' has none."));
        }
    }
}

using System.Collections.Concurrent;
using Dapr.Voice.Infra.Documents;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Infra.Dapr;

/// <summary>The metadata that one component type accepts, from <c>Schemas/dapr/components</c>.</summary>
internal sealed class MetadataBundle
{
    /// <summary>The names of one way to authenticate. It is used if all required names are given.</summary>
    internal sealed record Profile(IReadOnlyList<string> Names, IReadOnlyList<string> Required);

    /// <summary>
    /// The type (<c>bool</c>, <c>number</c>, <c>duration</c> or <c>string</c>, null for any) and the allowed words of one name.
    /// </summary>
    internal sealed record Rule(string? Type, IReadOnlyList<string> Words, bool IsSensitive);

    private static readonly ConcurrentDictionary<string, MetadataBundle?> Bundles = new(StringComparer.Ordinal);

    // The names of Entra ID, which are the same for every Azure component, and the runtime's own names. No bundle has them
    // (Schemas/README.md).
    private static readonly string[] EntraNames = ["azureClientId", "azureTenantId", "azureEnvironment", "azureClientSecret",
        "azureCertificate", "azureCertificateFile", "azureCertificatePassword"];
    private static readonly string[] PubSubNames =
        ["publishingScopes", "subscriptionScopes", "allowedTopics", "protectedTopics", "consumerID"];
    private static readonly string[] StateNames =
        ["keyPrefix", "actorStateStore", "outboxPublishPubsub", "outboxPublishTopic", "outboxPubsub", "outboxDiscardWhenMissingState"];

    private MetadataBundle(string type, SourceDocument bundle)
    {
        Version = bundle.Root.Text("version") ?? "v1";
        var rules = new Dictionary<string, Rule>(StringComparer.Ordinal);
        void Take(IEnumerable<YamlDotNet.RepresentationModel.YamlNode> entries)
        {
            foreach (YamlNode entry in entries)
            {
                if (entry.Text("name") is { } name)
                    rules.TryAdd(
                        name, new Rule(entry.Text("type"), [.. entry.Items("allowedValues").Select(v => v.Text() ?? "")],
                        entry.Text("sensitive") == "true"));
            }
        }
        Take(bundle.Root.Items("metadata"));
        Required = [.. bundle.Root.Items("metadata").Where(m => m.Text("required") == "true").Select(m => m.Text("name")!)];
        var profiles = new List<Profile>();
        foreach (YamlNode profile in bundle.Root.Items("authenticationProfiles"))
        {
            Take(profile.Items("metadata"));
            profiles.Add(Read(profile));
        }
        foreach (YamlNode profile in bundle.Root.Items("builtinAuthenticationProfiles"))
        {
            Take(profile.Items("metadata"));
            foreach (string name in EntraNames)
                rules.TryAdd(name, new Rule(null, [], name is "azureClientSecret" or "azureCertificate" or "azureCertificatePassword"));
            TakesIdentity = true;
            profiles.Add(Read(profile));
        }
        foreach (string name in type.StartsWith("pubsub.", StringComparison.Ordinal) ? PubSubNames
            : type.StartsWith("state.", StringComparison.Ordinal) ? StateNames : []) rules.TryAdd(name, new Rule(null, [], false));
        Profiles = profiles;
        Rules = rules;
    }

    public string Version { get; }
    public IReadOnlyDictionary<string, Rule> Rules { get; }
    public IReadOnlyList<string> Required { get; }
    public IReadOnlyList<Profile> Profiles { get; }

    /// <summary>The component can use a managed identity.</summary>
    public bool TakesIdentity { get; }

    /// <summary>Returns null if the type is not known.</summary>
    public static MetadataBundle? Find(string type) => Bundles.GetOrAdd(type, static t =>
    {
        string path = $"dapr/components/{t}.yaml";
        if (!EmbeddedSchemas.Has(path)) return null;
        using var reader = new StreamReader(EmbeddedSchemas.Open(path));
        return SourceDocument.Load(path, reader.ReadToEnd(), []) is { } bundle ? new MetadataBundle(t, bundle) : null;
    });

    private static Profile Read(YamlDotNet.RepresentationModel.YamlNode profile)
        => new([.. profile.Items("metadata").Select(m => m.Text("name")!)],
        [.. profile.Items("metadata").Where(m => m.Text("required") == "true").Select(m => m.Text("name")!)]);
}

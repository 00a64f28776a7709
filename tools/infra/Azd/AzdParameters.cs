using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dapr.Voice.Infra.Checks;
using Dapr.Voice.Infra.Documents;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Infra.Azd;

/// <summary>
/// main.parameters.json as azd reads it. azd replaces <c>${NAME}</c> and <c>${NAME=default}</c> from its environment, converts the text to
/// the type that the template declares, and passes it to the template.
/// </summary>
internal sealed partial class AzdParameters
{
    private const string SchemaUrl = "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#";

    // The type that main.bicep declares for each parameter, as it is written there.
    private readonly Dictionary<string, string> _types;

    private AzdParameters(SourceDocument file, Dictionary<string, string> types) => (File, _types) = (file, types);

    public SourceDocument File { get; }

    /// <summary>The names in order, with their keys and values.</summary>
    public IReadOnlyList<(YamlScalarNode Key, string Name, YamlNode Value)> Entries => [.. File.Root.Entries("parameters")];

    public static AzdParameters? Load(SourceTree tree, string path, ICollection<Finding> findings)
    {
        if (tree.Text(path) is not { } text || SourceDocument.Load(path, text, findings) is not { } file) return null;
        void Wrong(YamlNode where, string message) => findings.Add(file.At(where, RuleIds.AzdParametersFile, message));
        if (file.Root.Text("$schema") != SchemaUrl) Wrong(file.Root.At("$schema") ?? file.Root, $"'$schema' is '{SchemaUrl}'.");
        if (file.Root.Text("contentVersion") is not { } version || !Version().IsMatch(version))
            Wrong(file.Root.At("contentVersion") ?? file.Root, "'contentVersion' is four numbers: 1.0.0.0.");
        foreach ((YamlScalarNode? key, string? name, YamlNode _) in file.Root.Entries()
            .Where(e => e.Name is not ("$schema" or "contentVersion" or "parameters"))) Wrong(
            key, $"'{name}' is no part of a parameters file.");
        foreach ((YamlScalarNode? key, string? name, YamlNode? value) in file.Root.Entries("parameters"))
        {
            if (value.At("value") is null == value.At("reference") is null)
                Wrong(key, $"'{name}' needs 'value' or 'reference', one of them.");
        }
        string template = tree.Text(path[..^".parameters.json".Length] + ".bicep") ?? "";
        return new AzdParameters(file, Declaration().Matches(template).DistinctBy(m => m.Groups[1].Value)
            .ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value, StringComparer.Ordinal));
    }

    /// <summary>
    /// Returns the parameters in order. A parameter whose text is empty because a variable is not set is left out, so that the template's
    /// default counts. Text that does not fit the declared type stays text, and the compiler then says so.
    /// </summary>
    public IEnumerable<(string Name, JsonNode? Value)> Values(IReadOnlyDictionary<string, string> environment)
    {
        foreach ((YamlScalarNode _, string? name, YamlNode? entry) in Entries)
        {
            if (entry.At("value") is not { } node) continue;
            JsonNode? value = Replace(node.ToJson(), environment);
            if (value is JsonValue scalar && scalar.TryGetValue(out string? text))
            {
                if (text.Length == 0 && Substitution.NamesIn(node.Text() ?? "").Any(n => !environment.ContainsKey(n))) continue;
                value = Typed(text, _types.GetValueOrDefault(name) ?? "string");
            }
            yield return (name, value);
        }
    }

    /// <summary>Returns the value of a parameter if nobody sets a variable. Null if azd's own variables decide.</summary>
    public JsonNode? Default(string name)
        => Entries.FirstOrDefault(e => e.Name == name).Value.At("value") is { } value && value.ToJson() is JsonValue scalar
        && !scalar.ToString().Contains("${AZURE_", StringComparison.Ordinal) ? Replace(scalar, new Dictionary<string, string>()) : null;

    private static JsonNode? Replace(JsonNode? node, IReadOnlyDictionary<string, string> environment)
    {
        switch (node)
        {
            case JsonObject map: return new JsonObject(map.Select(p => KeyValuePair.Create(p.Key, Replace(p.Value, environment))));
            case JsonArray list: return new JsonArray([.. list.Select(i => Replace(i, environment))]);
            case JsonValue value when value.TryGetValue(out string? text):
                return JsonValue.Create(Variable()
                    .Replace(text, m => environment.TryGetValue(m.Groups[1].Value, out string? set) && set.Length > 0 ? set
                    : m.Groups[2].Success ? m.Groups[2].Value : ""));
            default: return node?.DeepClone();
        }
    }

    private static JsonNode? Typed(string text, string type)
    {
        if (type == "int" && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number))
            return JsonValue.Create(number);
        if (type == "bool" && bool.TryParse(text, out bool flag)) return JsonValue.Create(flag);
        if (!type.EndsWith("[]", StringComparison.Ordinal)) return JsonValue.Create(text);
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }

    [GeneratedRegex(@"^param (\w+) (\w+(?:\[\])?)", RegexOptions.Multiline)]
    private static partial Regex Declaration();

    [GeneratedRegex("\\$\\{([A-Za-z_][A-Za-z0-9_]*)(?::?[-=]([^}]*))?\\}")]
    private static partial Regex Variable();

    [GeneratedRegex("^[0-9]+(\\.[0-9]+){3}$")]
    private static partial Regex Version();
}

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Infra.Documents;

/// <summary>
/// JSON Schema, as far as the schemas that we keep use it: types, properties, required, items, enum, const, pattern, lengths, uniqueItems,
/// allOf, anyOf, oneOf, not, if/then/else, and references inside the file. A reference to another host counts as fulfilled (azure.yaml's
/// schema has eight, all for services that we do not use). If <paramref name="isClosed"/>, a property that the schema does not define is
/// wrong, as for Kubernetes.
/// </summary>
internal sealed class JsonSchema(JsonElement root, bool isClosed)
{
    private static readonly TimeSpan PatternLimit = TimeSpan.FromSeconds(10);

    /// <summary>One problem and its place.</summary>
    internal readonly record struct Problem(YamlNode Where, string Message);

    public static JsonSchema Load(string embedded, bool isClosed)
    {
        using Stream stream = EmbeddedSchemas.Open(embedded);
        return new JsonSchema(JsonDocument.Parse(stream).RootElement, isClosed);
    }

    public IReadOnlyList<Problem> Check(YamlNode value)
    {
        var problems = new List<Problem>();
        Check(root, value, "", problems);
        return problems;
    }

    private bool Holds(JsonElement schema, YamlNode value)
    {
        var problems = new List<Problem>();
        Check(schema, value, "", problems);
        return problems.Count == 0;
    }

    private void Check(JsonElement schema, YamlNode value, string path, List<Problem> problems)
    {
        if (schema.ValueKind == JsonValueKind.True) return;
        if (schema.ValueKind == JsonValueKind.False)
        {
            problems.Add(new(value, $"{Name(path)} is not allowed here"));
            return;
        }
        if (schema.TryGetProperty("$ref", out JsonElement reference) && Resolve(reference.GetString()!) is { } target)
            Check(target, value, path, problems);
        if (schema.TryGetProperty("x-kubernetes-preserve-unknown-fields", out JsonElement free) && free.ValueKind == JsonValueKind.True)
            return;
        CheckValue(schema, value, path, problems);
        CheckCombinations(schema, value, path, problems);
        if (value is YamlMappingNode map) CheckMapping(schema, map, path, problems);
        if (value is YamlSequenceNode list) CheckList(schema, list, path, problems);
    }

    private static void CheckValue(JsonElement schema, YamlNode value, string path, List<Problem> problems)
    {
        JsonNode? json = value.ToJson();
        if (schema.TryGetProperty("type", out JsonElement type))
        {
            string[] types = type.ValueKind == JsonValueKind.Array ? [.. type.EnumerateArray().Select(t => t.GetString()!)]
                : [type.GetString()!];
            bool isNullable = schema.TryGetProperty("nullable", out JsonElement nullable) && nullable.GetBoolean() && json is null;
            if (!isNullable && !types.Any(t => IsOf(t, json)))
            {
                problems.Add(new(value, $"{Name(path)} is {Kind(json)}, it has to be {string.Join(" or ", types)}"));
                return;
            }
        }
        if (schema.TryGetProperty("enum", out JsonElement words) && !words.EnumerateArray().Any(w => Same(w, json)))
            problems.Add(
                new(value,
                $"{Name(path)} is {Show(json)}, allowed is one of {string.Join(", ", words.EnumerateArray().Select(w => w.ToString()))}"));
        if (schema.TryGetProperty("const", out JsonElement only) && !Same(only, json))
            problems.Add(new(value, $"{Name(path)} has to be {only}"));
        if (json is JsonValue scalar && scalar.TryGetValue(out string? text))
        {
            if (schema.TryGetProperty("minLength", out JsonElement shortest) && text.Length < shortest.GetInt32())
                problems.Add(new(value, $"{Name(path)} has fewer than {shortest} characters"));
            if (schema.TryGetProperty("maxLength", out JsonElement longest) && text.Length > longest.GetInt32())
                problems.Add(new(value, $"{Name(path)} has more than {longest} characters"));
            if (schema.TryGetProperty("pattern", out JsonElement pattern)
                && !Regex.IsMatch(text, pattern.GetString()!, RegexOptions.None, PatternLimit))
                problems.Add(new(value, $"{Name(path)} is '{text}', which does not match {pattern}"));
        }
    }

    private void CheckCombinations(JsonElement schema, YamlNode value, string path, List<Problem> problems)
    {
        if (schema.TryGetProperty("allOf", out JsonElement all))
        {
            foreach (JsonElement part in all.EnumerateArray()) Check(part, value, path, problems);
        }
        if (schema.TryGetProperty("anyOf", out JsonElement any) && !any.EnumerateArray().Any(form => Holds(form, value)))
            problems.Add(new(value, $"{Name(path)} has none of the {any.GetArrayLength()} allowed forms"));
        if (schema.TryGetProperty("oneOf", out JsonElement one) && one.EnumerateArray().Count(form => Holds(form, value)) != 1)
            problems.Add(new(value, $"{Name(path)} has to have exactly one of {one.GetArrayLength()} forms"));
        if (schema.TryGetProperty("not", out JsonElement not) && Holds(not, value))
            problems.Add(new(value, $"{Name(path)} has a form that is not allowed"));
        if (schema.TryGetProperty("if", out JsonElement condition))
        {
            if (schema.TryGetProperty(Holds(condition, value) ? "then" : "else", out JsonElement consequence))
                Check(consequence, value, path, problems);
        }
    }

    private void CheckMapping(JsonElement schema, YamlMappingNode map, string path, List<Problem> problems)
    {
        bool hasProperties = schema.TryGetProperty("properties", out JsonElement properties);
        bool hasAdditional = schema.TryGetProperty("additionalProperties", out JsonElement additional);
        foreach ((YamlScalarNode? key, string? name, YamlNode? value) in map.Entries())
        {
            if (hasProperties && properties.TryGetProperty(name, out JsonElement property))
                Check(property, value, $"{path}.{name}", problems);
            else if (hasAdditional && additional.ValueKind == JsonValueKind.False)
            problems.Add(new(key, $"{Name(path)} has no property '{name}'"));
            else if (hasAdditional) Check(additional, value, $"{path}.{name}", problems);
            else if (isClosed && hasProperties) problems.Add(new(key, $"{Name(path)} has no property '{name}'"));
        }
        if (schema.TryGetProperty("required", out JsonElement required))
        {
            foreach (JsonElement name in required.EnumerateArray().Where(name => map.At(name.GetString()!) is null))
                problems.Add(new(map, $"{Name(path)} needs '{name}'"));
        }
        if (schema.TryGetProperty("minProperties", out JsonElement fewest) && map.Children.Count < fewest.GetInt32())
            problems.Add(new(map, $"{Name(path)} needs {fewest} entries or more"));
    }

    private void CheckList(JsonElement schema, YamlSequenceNode list, string path, List<Problem> problems)
    {
        if (schema.TryGetProperty("items", out JsonElement items))
        {
            for (int i = 0; i < list.Children.Count; i++)
                Check(items, list.Children[i], string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), problems);
        }
        if (schema.TryGetProperty("minItems", out JsonElement fewest) && list.Children.Count < fewest.GetInt32())
            problems.Add(new(list, $"{Name(path)} needs {fewest} items or more"));
        if (schema.TryGetProperty("uniqueItems", out JsonElement unique) && unique.ValueKind == JsonValueKind.True
            && list.Children.DistinctBy(c => c.ToJson()?.ToJsonString()).Count() != list.Children.Count)
            problems.Add(new(list, $"{Name(path)} has an item twice"));
    }

    private JsonElement? Resolve(string reference)
    {
        if (!reference.StartsWith("#/", StringComparison.Ordinal)) return null;
        JsonElement at = root;
        foreach (string step in reference[2..].Split('/'))
        {
            if (!at.TryGetProperty(step, out at)) return null;
        }
        return at;
    }

    private static bool IsOf(string type, JsonNode? json) => type switch
    {
        "object" => json is JsonObject,
        "array" => json is JsonArray,
        "string" => json is JsonValue value && value.TryGetValue(out string? _),
        "boolean" => json is JsonValue value && value.TryGetValue(out bool _),
        "integer" => json is JsonValue value && value.TryGetValue(out long _),
        "number" => json is JsonValue value && (value.TryGetValue(out long _) || value.TryGetValue(out double _)),
        "null" => json is null,
        _ => false,
    };

    private static bool Same(JsonElement expected, JsonNode? json)
        => json is null ? expected.ValueKind == JsonValueKind.Null : JsonNode.DeepEquals(JsonSerializer.SerializeToNode(expected), json);

    private static string Kind(JsonNode? json) => json?.GetValueKind().ToString().ToLowerInvariant() ?? "empty";

    private static string Show(JsonNode? json) => json?.ToJsonString() ?? "empty";

    private static string Name(string path) => path.Length == 0 ? "the file" : $"'{path.TrimStart('.')}'";
}

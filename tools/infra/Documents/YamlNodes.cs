using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Infra.Documents;

/// <summary>Reads YAML nodes without exceptions. A node that is absent or has another shape is null or empty.</summary>
internal static class YamlNodes
{
    public static YamlNode? At(this YamlNode? node, params ReadOnlySpan<string> path)
    {
        foreach (string step in path)
        {
            node = node is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode(step), out YamlNode? below) ? below : null;
            if (node is null) return null;
        }
        return node;
    }

    public static string? Text(this YamlNode? node, params ReadOnlySpan<string> path) => (node.At(path) as YamlScalarNode)?.Value;

    public static IReadOnlyList<YamlNode> Items(this YamlNode? node, params ReadOnlySpan<string> path)
        => node.At(path) is YamlSequenceNode list ? [.. list.Children] : [];

    /// <summary>Returns the keys with their values. Keys that are not scalars are omitted.</summary>
    public static IEnumerable<(YamlScalarNode Key, string Name, YamlNode Value)> Entries(
        this YamlNode? node, params ReadOnlySpan<string> path)
        => node.At(path) is YamlMappingNode map ? map.Children.Where(c => c.Key is YamlScalarNode)
        .Select(c => ((YamlScalarNode)c.Key, ((YamlScalarNode)c.Key).Value ?? "", c.Value)) : [];

    /// <summary>Returns the node as JSON. A plain scalar has the type that the core schema of YAML 1.2 gives it.</summary>
    public static JsonNode? ToJson(this YamlNode node)
    {
        switch (node)
        {
            case YamlMappingNode map:
                var result = new JsonObject();
                foreach ((YamlScalarNode _, string? name, YamlNode? value) in map.Entries()) result[name] = value.ToJson();
                return result;
            case YamlSequenceNode list: return new JsonArray([.. list.Children.Select(ToJson)]);
            case YamlScalarNode scalar:
                string text = scalar.Value ?? "";
                if (scalar.Style != ScalarStyle.Plain) return JsonValue.Create(text);
                if (text is "" or "~" or "null") return null;
                if (text is "true" or "false") return JsonValue.Create(text == "true");
                if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole))
                    return JsonValue.Create(whole);
                return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
                    ? JsonValue.Create(number) : JsonValue.Create(text);
            default: return null;
        }
    }
}

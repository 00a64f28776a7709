using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Tests.Integration.DevSidecar;

/// <summary>The part of OpenAPI that Dapr's resource definitions use: types, properties, required, items, additional properties, enums. A property that is not defined is a problem.</summary>
internal static class CrdSchema
{
    public static void Check(YamlMappingNode schema, YamlNode value, string path, List<string> problems)
    {
        if (Text(schema, "x-kubernetes-preserve-unknown-fields") == "true") return;
        switch (Text(schema, "type"))
        {
            case "object": CheckObject(schema, value, path, problems); break;
            case "array":
                if (value is not YamlSequenceNode list) problems.Add($"{path} is no list");
                else if (Find(schema, "items") is YamlMappingNode items) for (int i = 0; i < list.Children.Count; i++) Check(items, list.Children[i], $"{path}[{i}]", problems);
                break;
            case "string":
                if (value is not YamlScalarNode text || (text.Style == ScalarStyle.Plain && IsOther(text.Value ?? ""))) problems.Add($"{path} is no string");
                else if (Find(schema, "enum") is YamlSequenceNode words && !words.Any(w => ((YamlScalarNode)w).Value == text.Value)) problems.Add($"{path}: '{text.Value}' is none of the allowed words");
                break;
            case "boolean":
                if (value is not YamlScalarNode { Value: "true" or "false", Style: ScalarStyle.Plain }) problems.Add($"{path} is neither true nor false");
                break;
            case "integer":
                if (value is not YamlScalarNode { Style: ScalarStyle.Plain } number || !long.TryParse(number.Value, CultureInfo.InvariantCulture, out _)) problems.Add($"{path} is no whole number");
                break;
        }
    }

    private static void CheckObject(YamlMappingNode schema, YamlNode value, string path, List<string> problems)
    {
        if (value is not YamlMappingNode map)
        {
            problems.Add($"{path} is no mapping");
            return;
        }
        var properties = Find(schema, "properties") as YamlMappingNode;
        var additional = Find(schema, "additionalProperties");
        if (Find(schema, "required") is YamlSequenceNode required)
        {
            foreach (var name in required.Where(name => !map.Children.ContainsKey(name))) problems.Add($"{path}.{name} is missing");
        }
        foreach (var (name, child) in map.Children)
        {
            if (properties is not null && properties.Children.TryGetValue(name, out var property)) Check((YamlMappingNode)property, child, $"{path}.{name}", problems);
            else if (additional is YamlMappingNode any) Check(any, child, $"{path}.{name}", problems);
            else if (properties is not null) problems.Add($"{path}.{name} is not defined");
        }
    }

    private static bool IsOther(string plain) => plain is "true" or "false" or "null" or "~" or "" || double.TryParse(plain, CultureInfo.InvariantCulture, out _);

    private static YamlNode? Find(YamlMappingNode node, string name) => node.Children.TryGetValue(new YamlScalarNode(name), out var value) ? value : null;

    private static string? Text(YamlMappingNode node, string name) => (Find(node, name) as YamlScalarNode)?.Value;
}

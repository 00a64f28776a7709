using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Tests.Infra.Mutations;

/// <summary>
/// Faults in a YAML or JSON file: an entry or an item is removed, a key is misspelt, a value is changed. The file is parsed, changed and
/// written again, so comments and layout do not matter. Descriptions, the label of the azd template, and the names of resources that
/// nothing refers to are left out.
/// </summary>
internal static class YamlMutations
{
    private static readonly string[] NoMeaning = ["template", "description", "$schema", "contentVersion"];

    public static IReadOnlyList<Mutation> Of(string path, string text)
    {
        var found = new List<Mutation>();
        Visit(Load(text).Documents[0].RootNode, [], "");
        return found;

        void Visit(YamlNode node, int[] place, string near)
        {
            switch (node)
            {
                case YamlMappingNode map:
                    int entry = 0;
                    foreach ((YamlNode? key, YamlNode? value) in map.Children)
                    {
                        string name = ((YamlScalarNode)key).Value ?? "";
                        int at = entry++;
                        if (NoMeaning.Contains(name)) continue;
                        bool isLabel = near == "metadata" && name == "name" && !text.Contains("kind: Component", StringComparison.Ordinal);
                        if (isLabel) continue;
                        Add(KindOf(name, "remove"), key, name, place, (target, _) => ((YamlMappingNode)target).Children.RemoveAt(at));
                        Add("misspell key", key, name, place, (target, _) => Rename((YamlMappingNode)target, at));
                        Visit(value, [.. place, at], name);
                    }
                    break;
                case YamlSequenceNode list:
                    for (int i = 0; i < list.Children.Count; i++)
                    {
                        int at = i;
                        Add(near == "scopes" ? "remove scope" : "remove item", list.Children[i], $"an item of {near}", place,
                            (target, _) => ((YamlSequenceNode)target).Children.RemoveAt(at));
                        Visit(list.Children[i], [.. place, i], near);
                    }
                    break;
                case YamlScalarNode scalar when scalar.Value is { Length: > 0 } value:
                    Add(KindOf(near, "change"), node, $"{near} '{(value.Length > 40 ? value[..40] + "…" : value)}'", place,
                        (target, _) => ((YamlScalarNode)target).Value = Changed(value));
                    break;
            }
        }

        void Add(string kind, YamlNode at, string what, int[] place, Action<YamlNode, int> change)
            => found.Add(new Mutation(kind, path, (int)at.Start.Line, what, () =>
            {
                YamlStream stream = Load(text);
                change(Find(stream.Documents[0].RootNode, place), 0);
                using var writer = new StringWriter(CultureInfo.InvariantCulture);
                stream.Save(writer, assignAnchors: false);
                return writer.ToString();
            }));
    }

    private static string KindOf(string name, string verb) => name switch
    {
        "scopes" => verb + " scope",
        "name" => verb == "remove" ? "remove property" : "rename component",
        _ when name.Contains("ort", StringComparison.Ordinal) => verb + " port",
        _ => verb == "remove" ? "remove property" : "change value",
    };

    private static string Changed(string value)
    {
        if (value is "true" or "false") return value == "true" ? "false" : "true";
        char last = value[^1];
        return char.IsAsciiDigit(last) ? value[..^1] + (last == '9' ? '8' : (char)(last + 1)) : value + "x";
    }

    private static void Rename(YamlMappingNode map, int at)
    {
        (YamlNode? key, YamlNode? value) = map.Children[at];
        map.Children.RemoveAt(at);
        map.Children.Insert(at, new YamlScalarNode(((YamlScalarNode)key).Value + "x") { Style = ((YamlScalarNode)key).Style }, value);
    }

    private static YamlNode Find(YamlNode node, int[] place)
    {
        foreach (int step in place) node = node is YamlMappingNode map ? map.Children[step].Value : ((YamlSequenceNode)node).Children[step];
        return node;
    }

    private static YamlStream Load(string text)
    {
        var stream = new YamlStream();
        using var reader = new StringReader(text);
        stream.Load(reader);
        return stream;
    }
}

using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.DevSidecar.Resources;

/// <summary>A mapping in a YAML file. It knows its place, so that every error names the file and the line.</summary>
internal sealed class YamlMap(string file, YamlMappingNode node)
{
    public string File => file;

    public long Line => node.Start.Line;

    public IEnumerable<(string Key, YamlNode Value)> Entries
        => node.Children.Select(c => (c.Key is YamlScalarNode s ? s.Value ?? "" : "", c.Value));

    public ResourceException Error(string problem) => new(file, Line, problem);

    public ResourceException Error(YamlNode at, string problem) => new(file, at.Start.Line, problem);

    public YamlNode? Find(string key) => Entries.FirstOrDefault(e => e.Key == key).Value;

    public string? Text(string key) => Find(key) switch
    {
        null => null,
        YamlScalarNode scalar => scalar.Value ?? "",
        var other => throw Error(other, $"'{key}' must be a single value."),
    };

    public string Required(string key, string example)
        => Text(key) is { Length: > 0 } value ? value : throw Error($"'{key}' is missing; add for example '{key}: {example}'.");

    public YamlMap? Map(string key) => Find(key) switch
    {
        null => null,
        YamlMappingNode map => new YamlMap(file, map),
        YamlScalarNode { Value: null or "" or "~" or "null" } => null,
        var other => throw Error(other, $"'{key}' must be a mapping (key: value lines, indented)."),
    };

    public IReadOnlyList<YamlMap> Maps(string key) => Items(key)
        .Select(item => item is YamlMappingNode map ? new YamlMap(file, map)
        : throw Error(item, $"each item of '{key}' must be a mapping."))
        .ToList();

    public IReadOnlyList<string> Texts(string key) => Items(key)
        .Select(item => item is YamlScalarNode scalar ? scalar.Value ?? ""
        : throw Error(item, $"each item of '{key}' must be a single value."))
        .ToList();

    public bool Flag(string key, bool otherwise) => Text(key) is not { Length: > 0 } text ? otherwise
        : bool.TryParse(text, out bool value) ? value
        : throw Error(Find(key)!, $"'{key}' must be true or false, not '{text}'.");

    public int Number(string key, int otherwise) => Text(key) is not { Length: > 0 } text ? otherwise
        : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) ? value
        : throw Error(Find(key)!, $"'{key}' must be a whole number, not '{text}'.");

    /// <summary>A duration in the format of Go: <c>500ms</c>, <c>5s</c>, <c>1m30s</c>.</summary>
    public TimeSpan Duration(string key, TimeSpan otherwise)
    {
        if (Text(key) is not { Length: > 0 } text) return otherwise;
        return GoDuration.TryParse(text, out TimeSpan value) ? value
            : throw Error(Find(key)!, $"'{key}' must be a duration such as 500ms, 5s or 1m30s, not '{text}'.");
    }

    private IEnumerable<YamlNode> Items(string key) => Find(key) switch
    {
        null => [],
        YamlSequenceNode list => list.Children,
        YamlScalarNode { Value: null or "" or "~" or "null" } => [],
        var other => throw Error(other, $"'{key}' must be a list (lines that begin with '- ')."),
    };
}

using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Cli.Machine;

/// <summary>The servers on this machine or beside it that a folder of components needs: Redis, the storage emulator's two ports.</summary>
internal static class ComponentServers
{
    /// <summary>Metadata that names a server, and the port where the value has none.</summary>
    private static readonly Dictionary<string, int> Addresses = new(StringComparer.OrdinalIgnoreCase) { ["redisHost"] = 6379, ["endpoint"] = 80, ["serviceURL"] = 80 };

    /// <summary>Each server once. A file that can't be read is passed over: the sidecar will say what is wrong with it, and where.</summary>
    public static IReadOnlyList<(string Host, int Port)> In(string folder)
    {
        var servers = new SortedSet<(string, int)>();
        foreach (string file in Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.yaml") : [])
        {
            var yaml = new YamlStream();
            try
            {
                using var reader = new StreamReader(file);
                yaml.Load(reader);
            }
            catch (YamlException)
            {
                continue;
            }
            foreach (var item in yaml.Documents.SelectMany(d => d.AllNodes).OfType<YamlMappingNode>())
            {
                if (Text(item, "name") is not { } name || !Addresses.TryGetValue(name, out int port) || Text(item, "value") is not { Length: > 0 } value) continue;
                string address = value.Contains("://", StringComparison.Ordinal) ? value : $"tcp://{value}";
                if (Uri.TryCreate(address, UriKind.Absolute, out var uri)) servers.Add((uri.Host, uri.Port > 0 ? uri.Port : port));
            }
        }
        return [.. servers];
    }

    private static string? Text(YamlMappingNode node, string name) => node.Children.TryGetValue(new YamlScalarNode(name), out var value) && value is YamlScalarNode scalar ? scalar.Value : null;
}

using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Cli.Machine;

/// <summary>
/// Finds the servers that a folder of components needs: Redis, the two ports of the storage emulator, PostgreSQL, RabbitMQ.
/// </summary>
internal static partial class ComponentServers
{
    /// <summary>Names of the metadata that has the address of a server, and the default port.</summary>
    private static readonly Dictionary<string, int> Addresses =
        new(StringComparer.OrdinalIgnoreCase) { ["redisHost"] = 6379, ["endpoint"] = 80, ["serviceURL"] = 80, ["connectionString"] = 5672 };

    /// <summary>Lists each server once. A file that cannot be read is ignored, because the sidecar reports what is wrong with it.</summary>
    public static IReadOnlyList<(string Host, int Port)> In(string folder)
    {
        var servers = new SortedSet<(string, int)>();
        foreach (YamlDocument document in DocumentsIn(folder))
        {
            foreach (YamlMappingNode item in document.AllNodes.OfType<YamlMappingNode>())
            {
                if (Text(item, "name") is not { } name || !Addresses.TryGetValue(name, out int port)
                    || Text(item, "value") is not { Length: > 0 } value) continue;
                string address = value.Contains("://", StringComparison.Ordinal) ? value : $"tcp://{value}";
                if (name.Equals("connectionString", StringComparison.OrdinalIgnoreCase) && !value.Contains("://", StringComparison.Ordinal))
                {
                    // PostgreSQL also has the form "host=… port=…". The file of a SQLite store has no host.
                    if (!HostOf().IsMatch(value)) continue;
                    string ownPort = PortOf().Match(value) is { Success: true } own ? own.Groups[1].Value : "5432";
                    address = $"tcp://{HostOf().Match(value).Groups[1].Value}:{ownPort}";
                }
                if (Uri.TryCreate(address, UriKind.Absolute, out Uri? uri)) servers.Add((uri.Host, uri.Port > 0 ? uri.Port : port));
            }
        }
        return [.. servers];
    }

    /// <summary>The names of the components of a folder. A file that cannot be read has none.</summary>
    public static IEnumerable<string> NamesIn(string folder)
        => DocumentsIn(folder).Select(d => d.RootNode).OfType<YamlMappingNode>().Where(r => Text(r, "kind") == "Component")
            .Select(r => r.Children.TryGetValue(new YamlScalarNode("metadata"), out YamlNode? metadata)
            && metadata is YamlMappingNode mapping ? Text(mapping, "name") : null).OfType<string>();

    private static IEnumerable<YamlDocument> DocumentsIn(string folder)
    {
        foreach (string file in Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, "*.yaml").Concat(Directory.EnumerateFiles(folder, "*.yml")) : [])
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
            foreach (YamlDocument document in yaml.Documents) yield return document;
        }
    }

    private static string? Text(YamlMappingNode node, string name)
        => node.Children.TryGetValue(new YamlScalarNode(name), out YamlNode? value) && value is YamlScalarNode scalar ? scalar.Value : null;

    [GeneratedRegex(@"(?:^|\s)host=(\S+)", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex HostOf();

    [GeneratedRegex(@"(?:^|\s)port=(\d+)", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PortOf();
}

using System.Globalization;
using Dapr.Voice.Infra.Documents;

namespace Dapr.Voice.Infra.Checks;

/// <summary>What a service's Dockerfile says about its image: the ports, the user and the environment of the last stage.</summary>
internal sealed record Dockerfile(string Path, string Service, IReadOnlyList<(int Port, bool IsUdp, int Line)> Ports,
    IReadOnlyDictionary<string, string> Environment, string? User, string? Entrypoint)
{
    // The ports of each service, for a transceiver with at most six workers (the defaults of the settings and docs/architecture.md). Media
    // uses both transports, and the link's transport depends on its port.
    private static readonly IReadOnlyDictionary<string, (int Port, bool IsUdp)[]> Expected =
        new Dictionary<string, (int, bool)[]>(StringComparer.Ordinal)
    {
        ["signaling"] = [(8080, false)],
        ["relay"] = [(3478, false), (3478, true), (8070, false)],
        ["transceiver"] = [.. Enumerable.Range(20000, 6).SelectMany(p => new[] { (p, false), (p, true) }), (8100, false)],
    };

    /// <summary>
    /// Loads the Dockerfiles by service. If <paramref name="isComplete"/>, every service must have one, with exactly its ports.
    /// </summary>
    public static IReadOnlyDictionary<string, Dockerfile> LoadAll(SourceTree tree, bool isComplete, ICollection<Finding> findings)
    {
        var images = new Dictionary<string, Dockerfile>(StringComparer.Ordinal);
        foreach ((string service, (int Port, bool IsUdp)[]? ports) in Expected)
        {
            string path = $"services/{service}/Dockerfile";
            if (tree.Text(path) is not { } text)
            {
                if (isComplete)
                    findings.Add(new Finding(RuleIds.DockerImage, Severity.Error, path, 0, 0, $"There is no Dockerfile for '{service}'."));
                continue;
            }
            Dockerfile image = Parse(path, service, text, findings);
            images[service] = image;
            if (image.User is null or "root" or "0")
                findings.Add(
                    new Finding(RuleIds.DockerUser, Severity.Error, path, image.LastLine, 1,
                    "The image runs as root: the last stage needs a USER."));
            if (image.Entrypoint is { } entry && !entry.StartsWith('['))
                findings.Add(
                    new Finding(RuleIds.DockerEntrypoint, Severity.Error, path, image.LastLine, 1,
                    "ENTRYPOINT in shell form: the shell, not the service, would get SIGTERM."));
            if (!isComplete) continue;
            foreach ((int port, bool isUdp) in ports.Where(p => !image.Ports.Any(e => e.Port == p.Port && e.IsUdp == p.IsUdp)))
                findings.Add(new Finding(RuleIds.DockerPort, Severity.Error, path, image.LastLine, 1,
                $"'{service}' listens on {port}/{(isUdp ? "udp" : "tcp")}, the image does not EXPOSE it."));
            foreach ((int port, bool isUdp, int line) in image.Ports.Where(e => !ports.Any(p => e.Port == p.Port && e.IsUdp == p.IsUdp)))
                findings.Add(
                new Finding(RuleIds.DockerPort, Severity.Error, path, line, 1,
                $"'{service}' does not listen on {port}/{(isUdp ? "udp" : "tcp")}."));
            if (image.Entrypoint is null)
                findings.Add(
                    new Finding(RuleIds.DockerEntrypoint, Severity.Error, path, image.LastLine, 1,
                    "The image starts nothing: ENTRYPOINT is missing."));
        }
        return images;
    }

    private int LastLine { get; init; }

    private static Dockerfile Parse(string path, string service, string text, ICollection<Finding> findings)
    {
        var ports = new List<(int, bool, int)>();
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        string? user = null, entrypoint = null;
        string[] lines = text.Split('\n');
        int last = 1;
        for (int i = 0; i < lines.Length; i++)
        {
            int first = i + 1;
            string line = lines[i].Trim();
            if (line.Length == 0 || line.StartsWith('#')) continue;
            while (line.EndsWith('\\') && i + 1 < lines.Length) line = line[..^1] + " " + lines[++i].Trim();
            last = first;
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space < 0) continue;
            string rest = line[(space + 1)..].Trim();
            switch (line[..space].ToUpperInvariant())
            {
                case "FROM":
                    // A new stage begins with the user and the ports of its own image.
                    ports.Clear();
                    environment.Clear();
                    (user, entrypoint) = (null, null);
                    break;
                case "EXPOSE":
                    foreach (string item in rest.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                    {
                        string[] sides = item.Split('/'), ends = sides[0].Split('-');
                        bool isRange = int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out int port) & int.TryParse(
                            ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out int end)
                            && port > 0 && end < 65536 && end >= port && ends.Length <= 2
                            && (sides.Length == 1 || sides[1] is "tcp" or "udp");
                        if (isRange)
                            ports.AddRange(Enumerable.Range(port, end - port + 1)
                                .Select(p => (p, sides.Length == 2 && sides[1] == "udp", first)));
                        else findings.Add(new Finding(RuleIds.DockerPort, Severity.Error, path, first, 1, $"EXPOSE: '{item}' is no port."));
                    }
                    break;
                case "ENV":
                    foreach (string item in rest.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                    {
                        int equals = item.IndexOf('=', StringComparison.Ordinal);
                        if (equals > 0) environment[item[..equals]] = item[(equals + 1)..];
                    }
                    break;
                case "USER": user = rest; break;
                case "ENTRYPOINT" or "CMD": entrypoint ??= rest; break;
            }
        }
        return new Dockerfile(path, service, ports, environment, user, entrypoint) { LastLine = last };
    }
}

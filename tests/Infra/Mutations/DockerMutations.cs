using System.Text.RegularExpressions;

namespace Dapr.Voice.Tests.Infra.Mutations;

/// <summary>Faults in a Dockerfile's EXPOSE lines: a port is changed or removed.</summary>
internal static partial class DockerMutations
{
    public static IReadOnlyList<Mutation> Of(string path, string text)
    {
        var found = new List<Mutation>();
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith("EXPOSE ", StringComparison.Ordinal)) continue;
            int line = i;
            foreach (Match port in Port().Matches(lines[i]))
            {
                found.Add(
                    new Mutation("change port", path, line + 1, port.Value,
                    () => With(line, lines[line].Remove(port.Index, 1).Insert(port.Index, "9"))));
                found.Add(
                    new Mutation("remove port", path, line + 1, port.Value, () => With(line, lines[line].Remove(port.Index, port.Length))));
            }
        }
        return found;

        string With(int at, string line) => string.Join('\n', lines.Select((l, i) => i == at ? line : l));
    }

    [GeneratedRegex(@"[0-9-]+(/(tcp|udp))?")]
    private static partial Regex Port();
}

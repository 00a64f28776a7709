using System.Text.RegularExpressions;
using Dapr.Voice.Infra.Documents;

namespace Dapr.Voice.Infra.Checks;

/// <summary>Finds outputs of modules that no other file reads. The compiler does not report them.</summary>
internal static partial class DeclarationRules
{
    public static void Check(SourceTree tree, ICollection<Finding> findings)
    {
        var files = tree.Under("infra", ".bicep").Select(p => (Path: p, Lines: tree.Text(p)!.Split('\n'))).ToList();
        var read = files.SelectMany(f => f.Lines).SelectMany(l => Read().Matches(l)).Select(m => m.Groups[1].Value)
            .ToHashSet(StringComparer.Ordinal);
        foreach ((string path, string[]? lines) in files.Where(f => !f.Path.EndsWith("/main.bicep", StringComparison.Ordinal)))
        {
            for (int i = 0; i < lines.Length; i++)
            {
                if (Declared().Match(lines[i]) is { Success: true } output && !read.Contains(output.Groups[1].Value))
                    findings.Add(
                        new Finding(RuleIds.UnusedOutput, Severity.Error, path, i + 1, 8,
                        $"Nobody reads the output '{output.Groups[1].Value}'."));
            }
        }
    }

    [GeneratedRegex(@"\.outputs\.([A-Za-z_][A-Za-z0-9_]*)")]
    private static partial Regex Read();

    [GeneratedRegex(@"^output ([A-Za-z_][A-Za-z0-9_]*) ")]
    private static partial Regex Declared();
}

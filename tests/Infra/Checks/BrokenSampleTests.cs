using System.Text.RegularExpressions;
using Dapr.Voice.Infra;
using Dapr.Voice.Infra.Checks;
using Dapr.Voice.Infra.Documents;
using Dapr.Voice.Tests.Infra.Bicep;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Infra.Checks;

/// <summary>
/// Each folder of <c>Broken</c> is a small repository with one fault. A comment <c>expect: RULE</c> is on the line where the compiler or a
/// rule over files has its finding. A rule over the snapshot knows no line, so its comment is <c>expect: RULE on RESOURCE PATH</c>. JSON
/// has no comments, so a line of expect.txt has <c>FILE:LINE RULE</c>. A sample has exactly the findings that it names.
/// </summary>
public sealed partial class BrokenSampleTests(ITestOutputHelper output)
{
    private static readonly string Folder = Path.Combine(Checkout.Root, "tests", "Infra", "Broken");

    [Fact]
    public void Samples_EachWithOneFault_GiveThatFindingAndNoOther()
    {
        string[] samples = [.. Directory.EnumerateDirectories(Folder).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];
        var wrong = new List<string>();
        foreach (string sample in samples)
        {
            var tree = SourceTree.FromDisk(Path.Combine(Folder, sample));
            string[] expected = [.. Expected(tree).Order(StringComparer.Ordinal)];
            IReadOnlyList<Finding> findings = InfrastructureCheck.OfPart(tree, Compiler.Shared);
            string[] found = [.. findings.Select(Shown).Order(StringComparer.Ordinal)];
            if (expected.Length == 0 || !expected.SequenceEqual(found))
                wrong.Add($"{sample}: expected {string.Join(", ", expected)}; found {string.Join(", ", findings)}");
        }
        output.WriteLine($"{samples.Length - wrong.Count} of {samples.Length} broken samples caught, each with its finding and no other");
        foreach (string line in wrong) output.WriteLine("  " + line);
        Assert.Empty(wrong);
        Assert.True(samples.Length >= 60, "Sixty samples or more are kept.");
    }

    [Fact]
    public void Rules_Each_HasABrokenSample()
    {
        var shown = Directory.EnumerateDirectories(Folder).SelectMany(f => Expected(SourceTree.FromDisk(f)))
            .Select(e => e.Contains(" on ", StringComparison.Ordinal) ? e.Split(' ')[0] : e[(e.LastIndexOf(' ') + 1)..])
            .ToHashSet(StringComparer.Ordinal);
        string[] rules = [.. typeof(Dapr.Voice.Infra.RuleIds).GetFields().Select(f => (string)f.GetRawConstantValue()!)];
        Assert.Equal([], rules.Where(r => !shown.Contains(r) && !OfTheWholeProduct.Contains(r)));
    }

    // These rules compare with the product's own snapshots and manifests. The mutation run tests them.
    private static readonly string[] OfTheWholeProduct =
        ["snapshot", "choice", "missing-setting", "dapr-component-missing", "role-unneeded", "docker-image"];

    private static string Shown(Finding finding)
        => finding.Path is null ? $"{finding.File}:{finding.Line} {finding.Rule}"
        : $"{finding.Rule} on {finding.File.Split('/')[^1]}{(finding.Path.Length > 0 ? " " : "")}{finding.Path}";

    private static IEnumerable<string> Expected(SourceTree tree)
    {
        foreach (string path in tree.Paths)
        {
            string[] lines = tree.Text(path)!.Split('\n');
            if (path == "expect.txt")
            {
                foreach (string line in lines.Where(l => l.Length > 0)) yield return line;
                continue;
            }
            for (int i = 0; i < lines.Length; i++)
            {
                foreach (Match match in Marker().Matches(lines[i]))
                    yield return match.Groups[2].Success ? $"{match.Groups[1].Value} {match.Groups[2].Value}"
                        : $"{path}:{i + 1} {match.Groups[1].Value}";
            }
        }
    }

    [GeneratedRegex(@"expect: ([A-Za-z0-9-]+)(?: (on [^,\r\n]+))?")]
    private static partial Regex Marker();
}

using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Docs;

/// <summary>
/// A newcomer follows the paths in the documents, so each of them leads to a file; and the table of the libraries says what they are.
/// </summary>
public sealed partial class PathTests
{
    [Fact]
    public void Documents_PathsInBackticks_Exist()
        => Assert.Empty(Repository.Documents.SelectMany(page => PathInBackticks().Matches(Repository.Read(page))
            .Select(match => match.Groups[1].Value)
            .Where(path => !Path.Exists(Path.Combine(Repository.Root, path)))
            .Select(path => $"{page}: {path}")));

    [Fact]
    public void ArchitecturePage_WhereIsWhat_NamesAFileForEachBehaviour()
    {
        string page = Repository.Read("docs/architecture.md");
        string table = page[page.IndexOf("## Where is what", StringComparison.Ordinal)..page.IndexOf(
            "## `PeerSession`", StringComparison.Ordinal)];
        string[] rows = [.. table.Split('\n')
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| behaviour", StringComparison.Ordinal)
            && !line.StartsWith("| ---", StringComparison.Ordinal))];
        Assert.True(rows.Length >= 50, $"only {rows.Length} behaviours");
        Assert.All(rows, row => Assert.Matches(PathInBackticks(), row));
    }

    [Fact]
    public void LibraryTable_Rows_AreTheLibrariesWithTheirReferencesAndTypes()
    {
        Match[] rows = [.. LibraryRow().Matches(Repository.Read("libs/README.md")).Cast<Match>()];
        Assert.Equal(Directory.GetDirectories(Path.Combine(Repository.Root, "libs")).Select(Path.GetFileName).Order(StringComparer.Ordinal),
            rows.Select(row => row.Groups[1].Value).Order(StringComparer.Ordinal));
        foreach (Match row in rows)
        {
            string name = row.Groups[1].Value;
            string folder = Path.Combine(Repository.Root, "libs", name);
            var project = XDocument.Load(Path.Combine(folder, $"Dapr.Voice.{name}.csproj"));
            string[] references = [.. project.Descendants("ProjectReference")
                .Select(reference => ((string)reference.Attribute("Include")!).Replace('\\', '/').Split('/')[^2])
                .Order(StringComparer.Ordinal)];
            string[] uses = row.Groups[3].Value.Trim() == "nothing" ? []
                : [.. row.Groups[3].Value.Split(',', StringSplitOptions.TrimEntries).Order(StringComparer.Ordinal)];
            Assert.True(references.SequenceEqual(uses, StringComparer.Ordinal),
                $"libs/README.md: {name} uses {string.Join(", ", references)}");

            string code = string.Concat(Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
                .Where(file => !file.Contains("/obj/", StringComparison.Ordinal)).Select(File.ReadAllText));
            foreach (Match type in InBackticks().Matches(row.Groups[2].Value))
            {
                Assert.True(Regex.IsMatch(code, $@"\b(class|struct|interface|enum|record) {type.Groups[1].Value}\b"),
                    $"libs/README.md: {name} has no {type.Groups[1].Value}");
            }
        }
    }

    // Placeholders (…, *, {id}) and globs are no paths.
    [GeneratedRegex(@"`((?:libs|services|tools|tests|docs|samples|components|infra|web)/[\w./-]+)`")]
    private static partial Regex PathInBackticks();

    [GeneratedRegex(@"^\| `(\w+)` \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", RegexOptions.Multiline)]
    private static partial Regex LibraryRow();

    [GeneratedRegex(@"`(\w+)`")]
    private static partial Regex InBackticks();
}

using System.Text.RegularExpressions;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Docs;

/// <summary>A comment or a page that cites a document cites one that is here, and a section, point, rule or step that it has.</summary>
public sealed partial class CitationTests
{
    private const string ThisFile = "tests/Unit/Docs/CitationTests.cs";

    private static IEnumerable<string> Files => Repository.TextFiles.Where(file => file != ThisFile);

    [Fact]
    public void Citations_OfDocumentsThatAreNotInTheRepository_AreFound()
    {
        Assert.Equal("notes/DESIGN.md", Assert.Single(MissingDocuments("libs/Wire/X.cs", "// The order is fixed (notes/DESIGN.md).")));
        Assert.Equal("docs/design.md 4.19", Assert.Single(MissingSections("/// see docs/design.md\n    /// 4.19.")));
        Assert.Equal("docs/dapr.md, point 97", Assert.Single(MissingSections("# docs/dapr.md, point 97")));
        Assert.Empty(MissingSections("// docs/design.md 4.1 and docs/protocols/realtime.md, section 3, rule 15"));
    }

    [Fact]
    public void Files_DocumentsThatTheyName_AreInTheRepository()
        => Assert.Empty(Files.SelectMany(file => MissingDocuments(file, Repository.Read(file)).Select(name => $"{file}: {name}")));

    [Fact]
    public void Files_SectionsThatTheyCite_AreThere()
        => Assert.Empty(Files.SelectMany(file => MissingSections(Repository.Read(file)).Select(section => $"{file}: {section}")));

    // The names under which the knowledge was known before it was in docs/.
    [Fact]
    public void Files_NameNoDocumentByAWordAlone()
        => Assert.Empty(Files.SelectMany(file => OldName().Matches(Repository.Read(file)).Select(name => $"{file}: {name.Value}")));

    [Fact]
    public void Pages_Links_LeadSomewhere()
        => Assert.Empty(Repository.Documents.SelectMany(page => DeadLinks(page).Select(link => $"{page}: {link}")));

    private static IEnumerable<string> DeadLinks(string page)
    {
        string folder = Path.GetDirectoryName(Path.Combine(Repository.Root, page))!;
        foreach (Match link in Link().Matches(CodeBlock().Replace(Repository.Read(page), "")))
        {
            string target = link.Groups[1].Value;
            if (target.StartsWith("http", StringComparison.Ordinal)) continue;
            string[] parts = target.Split('#');
            string file = parts[0].Length == 0 ? Path.Combine(Repository.Root, page) : Path.GetFullPath(Path.Combine(folder, parts[0]));
            if (!File.Exists(file) && !Directory.Exists(file)) yield return $"{target} does not exist";
            else if (parts.Length == 2 && !Repository.Anchors(File.ReadAllText(file)).Contains(parts[1]))
            yield return $"{target} has no such heading";
        }
    }

    /// <summary>Names with the ending .md that are no file: not under docs/, and not beside the file that names it or above it.</summary>
    private static IEnumerable<string> MissingDocuments(string file, string text)
        => DocumentName().Matches(text).Select(match => match.Value).Distinct(StringComparer.Ordinal).Where(name => !IsThere(file, name));

    private static bool IsThere(string file, string name)
    {
        for (string? folder = Path.GetDirectoryName(file); folder is not null; folder = folder.Length == 0 ? null
            : Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.GetFullPath(Path.Combine(Repository.Root, folder, name)))) return true;
        }
        return Repository.TextFiles.Any(
            path => path.StartsWith("docs/", StringComparison.Ordinal) && path.EndsWith("/" + name, StringComparison.Ordinal));
    }

    private static IEnumerable<string> MissingSections(string text)
    {
        foreach (Match citation in Citation().Matches(LineBreakInComment().Replace(text, " ")))
        {
            string path = citation.Groups["path"].Value;
            if (!File.Exists(Path.Combine(Repository.Root, path))) continue;
            string document = Repository.Read(path);
            foreach (Capture section in citation.Groups["section"].Captures)
            {
                if (!Regex.IsMatch(document, $@"^#+ {Regex.Escape(section.Value)}[. ]", RegexOptions.Multiline))
                    yield return $"{path} {section.Value}";
            }
            if (citation.Groups["item"] is { Success: true } item && !Regex.IsMatch(document, $@"^{item.Value}\. ", RegexOptions.Multiline))
            {
                yield return $"{path}, {citation.Groups["kind"].Value} {item.Value}";
            }
        }
    }

    [GeneratedRegex(@"(?<![\w/:.-])(?:[\w.-]+/)*[\w-]+\.md\b(?![\w/])")]
    private static partial Regex DocumentName();

    [GeneratedRegex(@"(?<path>docs/[\w/-]+\.md)(?:,? (?:sections? )?(?<section>\d+(?:\.\d+)?)(?: (?:and|to) "
        + @"(?<section>\d+(?:\.\d+)?))?)?(?:, (?<kind>point|rule|step) (?<item>\d+))?")]
    private static partial Regex Citation();

    [GeneratedRegex(@"\r?\n[ \t]*(?:///|//|#|<!--)?[ \t]*")]
    private static partial Regex LineBreakInComment();

    [GeneratedRegex(@"\bDESIGN\b|\bSTYLE\b|\breference/[\w-]+\.md|\brealtime-protocol\b|"
        + @"\blive-protocol\b|\bmedia-natives\b|\bdapr-aca-azd\b|\bsystem-and-browsers\b|\bdapr-contract, point")]
    private static partial Regex OldName();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}

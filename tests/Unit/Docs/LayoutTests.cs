using Xunit;

namespace Dapr.Voice.Tests.Unit.Docs;

/// <summary>Lines of documents and code, and paragraphs, are short enough to read on a screen (docs/style.md).</summary>
public sealed class LayoutTests
{
    private const int MostColumns = 140;
    private const int MostLines = 4;

    /// <summary>Its tables are printed by <c>./voice capacity</c>, and another test compares them.</summary>
    private const string PrintedTables = "docs/capacity.md";

    public static TheoryData<string> Pages() => [.. Repository.Documents];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Page_Lines_HaveAtMost140Columns(string page)
        => Assert.Empty(Repository.Read(page).Split('\n')
            .Select((line, index) => (Text: line, Number: index + 1))
            .Where(line => line.Text.EnumerateRunes().Count() > MostColumns && !(page == PrintedTables && line.Text.StartsWith('|')))
            .Select(line => $"{page}:{line.Number} has {line.Text.EnumerateRunes().Count()} columns"));

    [Fact]
    public void SourceFiles_Lines_HaveAtMost140Columns()
        => Assert.Empty(Repository.TextFiles.Where(IsOwnSource).SelectMany(
            path => Repository.Read(path).Split('\n').Select((line, index) => (Text: line, Number: index + 1))
            .Where(line => line.Text.EnumerateRunes().Count() > MostColumns)
            .Select(line => $"{path}:{line.Number} has {line.Text.EnumerateRunes().Count()} columns")));

    [Theory]
    [MemberData(nameof(Pages))]
    public void Page_Paragraphs_HaveAtMostFourLines(string page)
    {
        string[] lines = Repository.Read(page).Split('\n');
        bool isCode = false;
        int length = 0;
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].Trim();
            if (line.StartsWith("```", StringComparison.Ordinal)) isCode = !isCode;
            bool isProse = !isCode && line.Length > 0 && line[0] is not ('|' or '#' or '`' or '<' or '>');
            bool begins = line.StartsWith("- ", StringComparison.Ordinal)
                || (line.Length > 2 && char.IsAsciiDigit(line[0]) && line.Contains(". ", StringComparison.Ordinal)
                && line.IndexOf(". ", StringComparison.Ordinal) < 3);
            length = !isProse && !(line.StartsWith('`') && !line.StartsWith("```", StringComparison.Ordinal)) ? 0 : begins ? 1 : length + 1;
            Assert.True(length <= MostLines, $"{page}:{i + 1}: a paragraph of more than {MostLines} lines");
        }
    }

    private static bool IsOwnSource(string path)
        => path.EndsWith(".cs", StringComparison.Ordinal)
        || (path.StartsWith("web/modules/", StringComparison.Ordinal) && path.EndsWith(".js", StringComparison.Ordinal));
}

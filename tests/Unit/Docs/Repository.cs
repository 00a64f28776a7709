using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Dapr.Voice.Tests.Unit.Docs;

/// <summary>The text files of the repository as they are on disk. Build output, recordings and what others wrote are left out.</summary>
internal static partial class Repository
{
    private static readonly string[] SkippedFolders =
    [
        ".git", ".voice", ".vs", "bin", "obj", "node_modules", "TestResults", "web/vendor", "tests/Vectors", "tests/Infra/Broken",
            "tools/infra/Schemas",
    ];

    private static readonly string[] TextExtensions =
    [
        ".cs", ".csproj", ".props", ".targets", ".md", ".yaml", ".yml", ".bicep", ".bicepparam", ".sh", ".ps1", ".js", ".mjs", ".html",
            ".css", ".editorconfig", "",
    ];

    public static string Root { get; } = Find();

    /// <summary>Paths from the root, with forward slashes.</summary>
    public static IReadOnlyList<string> TextFiles { get; } = [.. Walk(Root).Order(StringComparer.Ordinal)];

    public static IEnumerable<string> Documents => TextFiles.Where(path => path.EndsWith(".md", StringComparison.Ordinal));

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>Headings as Markdown sites name them: lower case, without punctuation, hyphens for blanks.</summary>
    public static HashSet<string> Anchors(string document)
        => [.. Heading().Matches(document)
        .Select(heading => NotInAnchor().Replace(heading.Groups[1].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'))];

    private static IEnumerable<string> Walk(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder))
        {
            if (TextExtensions.Contains(Path.GetExtension(file), StringComparer.Ordinal)) yield return Relative(file);
        }
        foreach (string child in Directory.EnumerateDirectories(folder))
        {
            string relative = Relative(child);
            if (SkippedFolders.Contains(relative, StringComparer.Ordinal)
                || SkippedFolders.Contains(Path.GetFileName(child), StringComparer.Ordinal)) continue;
            foreach (string file in Walk(child)) yield return file;
        }
    }

    private static string Relative(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    private static string Find([CallerFilePath] string path = "")
        => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", ".."));

    [GeneratedRegex(@"^#+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchor();
}

using System.IO.Enumeration;

namespace Dapr.Voice.TestKit.WholeSystem;

/// <summary>The clone that these tests were built from, and what <c>./voice</c> built in it. A test builds nothing.</summary>
public static class Checkout
{
    public static string Root { get; } = FindRoot();

    public static string Cli => Path.Combine(Root, "tools", "cli", "bin", "Release", "net10.0", "Dapr.Voice.Cli.dll");

    /// <summary>A recording of a person who asks "What time is it?".</summary>
    public static string Question => Path.Combine(Root, "samples", "wav", "what-time-is-it.wav");

    /// <summary>The path of the dotnet host that runs this test.</summary>
    public static string Dotnet { get; } = Programs.Find("dotnet")
        ?? throw new InvalidOperationException("dotnet is not on the PATH.");

    /// <summary>
    /// The paths of the clone's Markdown files. Folders that others write to are not entered: another suite may build images in
    /// <c>.voice</c> at the same time.
    /// </summary>
    public static IEnumerable<string> Pages()
    {
        string[] skipped = [".git", ".voice", "bin", "obj", "node_modules"];
        return new FileSystemEnumerable<string>(Root, (ref FileSystemEntry entry) => entry.ToFullPath(),
            new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None })
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory
                && entry.FileName.EndsWith(".md", StringComparison.Ordinal),
            ShouldRecursePredicate = (ref FileSystemEntry entry) => !skipped.Contains(entry.FileName.ToString(), StringComparer.Ordinal),
        };
    }

    public static void EnsureBuilt()
    {
        if (!System.IO.File.Exists(Cli))
            throw new InvalidOperationException("The product is not built. './voice doctor' builds it, and './voice test integration' "
                + "builds it and runs these tests.");
    }

    /// <summary>The path of a file of the clone.</summary>
    public static string File(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (System.IO.File.Exists(Path.Combine(folder.FullName, "Dapr.Voice.sln"))) return folder.FullName;
        }
        throw new InvalidOperationException("These tests run inside a clone.");
    }
}

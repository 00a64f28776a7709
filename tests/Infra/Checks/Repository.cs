using Dapr.Voice.Infra.Checks;
using Dapr.Voice.Infra.Documents;

namespace Dapr.Voice.Tests.Infra.Checks;

/// <summary>The repository that the tests were built from.</summary>
internal static class Repository
{
    private static readonly Lazy<string> Found = new(() =>
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Dapr.Voice.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("These tests run inside a clone of the repository.");
    });

    private static readonly Lazy<SourceTree> Files = new(() => SourceTree.FromDisk(Found.Value));

    public static string Root => Found.Value;

    public static SourceTree Tree => Files.Value;
}

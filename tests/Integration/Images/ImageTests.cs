using Dapr.Voice.Tests.Integration.WholeSystem;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.Images;

/// <summary>What the four Dockerfiles make, built unchanged.</summary>
[Collection(ImageBuilds.CollectionName)]
public sealed class ImageTests(ImageBuilds builds, ITestOutputHelper output)
{
    private const string AptLists = "/var/lib/apt/lists";

    [ImageTheory]
    [InlineData("services/relay", "Dapr.Voice.Relay.dll")]
    [InlineData("services/signaling", "Dapr.Voice.Signaling.dll")]
    [InlineData("services/transceiver", "Dapr.Voice.Transceiver.dll")]
    [InlineData("samples/local-agent", "Dapr.Voice.LocalAgent.dll")]
    public async Task Image_OfADockerfile_RunsItsProgramAsAUserWhoCanChangeNothing(string project, string assembly)
    {
        BuiltImage image = await builds.OfAsync(project);
        output.WriteLine(
            $"{project}: {BuiltImage.Size(image.Bytes)} MiB in {image.Layers.Count} layers, built in {image.Took.TotalSeconds:0} s");
        foreach ((string command, long bytes) in image.Layers)
            output.WriteLine($"  {BuiltImage.Size(bytes),7} MiB  {(command.Length > 100 ? command[..100] + " …" : command)}");
        Assert.Equal($"{StandInBases.AppUser}", image.User);
        Assert.Equal(["dotnet", assembly], image.EntryPoint);
        (string container, string root) = await builds.Buildah.MountAsync(image.Tag);
        try
        {
            Assert.True(File.Exists($"{root}{image.WorkingFolder}/{assembly}"), assembly);
            // Neither the SDK nor the sources get from the stages that build into the image.
            Assert.Equal(["host", "shared"], Directory.EnumerateDirectories(root + "/usr/share/dotnet").Select(d => Path.GetFileName(d))
                .Order(StringComparer.Ordinal));
            Assert.False(Directory.Exists(root + "/src"), "/src");
            Assert.Empty(Directory.EnumerateFileSystemEntries(root + AptLists));
            const UnixFileMode WritableForOthers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
            Assert.All(new DirectoryInfo(root + image.WorkingFolder).EnumerateFileSystemInfos("*", SearchOption.AllDirectories),
                f => Assert.Equal((f.FullName, UnixFileMode.None), (f.FullName, f.UnixFileMode & WritableForOthers)));
            string owners = (await Programs.RunAsync(TimeSpan.FromMinutes(1), "find", root + image.WorkingFolder, "-not", "-uid", "0"))
                .Succeeded();
            Assert.Equal("", owners);
        }
        finally
        {
            await builds.Buildah.RunAsync("rm", container);
        }
    }

    [ImageFact]
    public async Task Context_OfAClone_HasOnlyWhatImagesAreBuiltFrom()
    {
        string dockerfile = Path.GetTempFileName();
        await File.WriteAllTextAsync(dockerfile, "FROM scratch\nCOPY . /\n");
        (string container, string root) = await builds.Buildah.MountAsync(await builds.BuildAsync("context", dockerfile));
        try
        {
            FileInfo[] files = [.. new DirectoryInfo(root).EnumerateFiles("*", SearchOption.AllDirectories)];
            string[] paths = [.. files.Select(f => Path.GetRelativePath(root, f.FullName))];
            output.WriteLine(builds.Bases);
            output.WriteLine($"build context: {files.Length} files, {BuiltImage.Size(files.Sum(f => f.Length))} MiB");
            foreach (IGrouping<string, FileInfo> part in files.GroupBy(f => Path.GetRelativePath(root, f.FullName).Split('/')[0]))
                output.WriteLine($"  {BuiltImage.Size(part.Sum(f => f.Length)),7} MiB  {part.Key}");
            Assert.Equal([".editorconfig", "BannedSymbols.SansIo.txt", "Directory.Build.props", "Directory.Build.targets",
                "Directory.Packages.props", "global.json", "libs", "samples", "services", "web"],
                Directory.EnumerateFileSystemEntries(root).Select(e => Path.GetFileName(e)).Order(StringComparer.Ordinal));
            Assert.Equal(["local-agent"], Directory.EnumerateFileSystemEntries(root + "/samples").Select(e => Path.GetFileName(e)));
            // A Dockerfile or a document that changes must not build a layer again.
            string[] unwanted = ["bin", "obj", "node_modules", "tests", "tools", "docs", "infra", ".git", ".voice", "Dockerfile"];
            Assert.DoesNotContain(paths, p => p.Split('/').Any(unwanted.Contains) || p.EndsWith(".md", StringComparison.Ordinal));
            // The clone has all of them, so each could have been in the context.
            Assert.All(new[] { "tests", "tools", "docs", "infra", ".git", ".voice" }, f => Assert.True(Path.Exists(Checkout.File(f)), f));
        }
        finally
        {
            File.Delete(dockerfile);
            await builds.Buildah.RunAsync("rm", container);
        }
    }
}

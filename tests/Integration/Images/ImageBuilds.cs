using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Dapr.Voice.Tests.Integration.Images;

/// <summary>
/// The images of the four Dockerfiles. Each is built when a test first needs it, so that a broken one fails only its own tests. The bases
/// stay for the next run; everything else is removed at the end.
/// </summary>
public sealed partial class ImageBuilds : IAsyncLifetime
{
    public const string CollectionName = "images";
    private const string Prefix = "localhost/voice/";

    private readonly ConcurrentDictionary<string, Lazy<Task<BuiltImage>>> _images = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _turn = new(1);
    private Buildah? _buildah;
    private string[] _volumes = [];

    internal Buildah Buildah => _buildah ?? throw new InvalidOperationException(Buildah.WhyNot);

    /// <summary>How long the bases took.</summary>
    public string Bases { get; private set; } = "";

    public async Task InitializeAsync()
    {
        if (Buildah.WhyNot is not null) return;
        _buildah = await Buildah.OpenAsync();
        // A run that was killed has left images, whose layers would be used instead of being built.
        await RemoveAsync(_buildah);
        var watch = Stopwatch.StartNew();
        bool isNew = await new StandInBases(_buildah).EnsureAsync();
        _volumes = await StandInBases.VolumesAsync();
        Bases = isNew ? $"bases made in {watch.Elapsed.TotalSeconds:0} s" : "bases of an earlier run";
    }

    /// <param name="project">The folder of the project, for example <c>services/relay</c>.</param>
    internal Task<BuiltImage> OfAsync(string project)
        => _images.GetOrAdd(project, p => new Lazy<Task<BuiltImage>>(() => BuildAsync(p))).Value;

    public async Task DisposeAsync()
    {
        if (_buildah is null) return;
        await RemoveAsync(_buildah);
        _buildah.Dispose();
        _turn.Dispose();
    }

    /// <summary>Removes everything except the bases.</summary>
    private static async Task RemoveAsync(Buildah buildah)
    {
        await buildah.RunAsync("rm", "--all");
        string[] built = [.. (await buildah.RunAsync("images", "--format", "{{.Name}}:{{.Tag}}")).Split('\n')
            .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))];
        if (built.Length > 0) await buildah.RunAsync(["rmi", "--force", .. built]);
        await buildah.RunAsync("rmi", "--prune", "--force");
    }

    /// <summary>Builds an image from a Dockerfile of the test.</summary>
    internal async Task<string> BuildAsync(string name, string dockerfile)
    {
        string tag = Prefix + name;
        // The stand-ins have the names of the base images and not their digests.
        string text = await File.ReadAllTextAsync(dockerfile);
        if (text.Contains("@sha256:", StringComparison.Ordinal))
        {
            dockerfile = Path.Combine(Directory.CreateTempSubdirectory("voice-image-").FullName, "Dockerfile");
            await File.WriteAllTextAsync(dockerfile, Digest().Replace(text, ""));
        }
        ProgramResult built = await Buildah.BuildAsync(tag, dockerfile, Checkout.Root, _volumes);
        Assert.True(built.ExitCode == 0, $"{dockerfile} is not built:\n{built.Output}\n{built.Errors}");
        return tag;
    }

    [GeneratedRegex("@sha256:[0-9a-f]{64}")]
    private static partial Regex Digest();

    private async Task<BuiltImage> BuildAsync(string project)
    {
        await _turn.WaitAsync();
        try
        {
            var watch = Stopwatch.StartNew();
            string tag = await BuildAsync(Path.GetFileName(project), Checkout.File(project, "Dockerfile"));
            return BuiltImage.Read(tag, watch.Elapsed, await Buildah.InspectAsync(tag));
        }
        finally
        {
            _turn.Release();
        }
    }
}

/// <summary>The tests of this suite run one after the other.</summary>
[CollectionDefinition(ImageBuilds.CollectionName, DisableParallelization = true)]
public sealed class ImageBuildsDefinition : ICollectionFixture<ImageBuilds>;

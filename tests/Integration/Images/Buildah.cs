using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Dapr.Voice.Tests.Integration.Images;

/// <summary>
/// buildah(1) with a storage of its own, in <c>.voice/images</c> of the clone. It needs no engine and no cgroups, because the commands of a
/// Dockerfile run in a chroot. One test run at a time has the storage.
/// </summary>
internal sealed class Buildah : IDisposable
{
    /// <summary>A build compiles a service, and may wait for a package source.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(20);

    private readonly string _storage = Path.Combine(Checkout.Root, ".voice", "images");
    private readonly FileStream _lock;

    // The state of the mounts, which does not outlive this run.
    private readonly DirectoryInfo _runtime;

    private Buildah(FileStream file)
    {
        _lock = file;
        _runtime = Directory.CreateTempSubdirectory("voice-buildah-");
    }

    /// <summary>Why this machine can't build images, or null if it can.</summary>
    public static string? WhyNot
    {
        get
        {
            string[] missing = [.. new[] { "buildah", "debootstrap" }.Where(p => Programs.Find(p) is null)];
            return Environment.UserName != "root" ? "needs root, and Debian's packages buildah and debootstrap"
                : missing.Length > 0 ? $"not installed: apt-get install {string.Join(' ', missing)}"
                : !File.Exists("/usr/bin/apt-get") ? "needs apt, whose sources the images use" : NetworkNamespace.WhyNot;
        }
    }

    /// <summary>Waits for its turn, and removes the containers of a run that was killed.</summary>
    public static async Task<Buildah> OpenAsync()
    {
        string folder = Directory.CreateDirectory(Path.Combine(Checkout.Root, ".voice", "images")).FullName;
        FileStream? file = null;
        await Wait.UntilAsync(() =>
        {
            try
            {
                file = new FileStream(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                return true;
            }
            catch (IOException)
            {
                return false;
            }
        }, "another run of this suite in this clone ends", Limit);
        var buildah = new Buildah(file!);
        foreach (string mount in (await File.ReadAllLinesAsync("/proc/self/mounts")).Select(l => l.Split(' ')[1])
            .Where(m => m.StartsWith(folder + "/", StringComparison.Ordinal)).Reverse())
            (await Programs.RunAsync(Limit, "umount", mount)).Succeeded();
        await buildah.RunAsync("rm", "--all");
        return buildah;
    }

    /// <summary>Runs a command and returns its standard output.</summary>
    /// <exception cref="InvalidOperationException">The command failed. The message has what it wrote to standard error.</exception>
    public async Task<string> RunAsync(params string[] arguments)
        => (await Programs.RunAsync(Start("buildah", [], arguments), Limit)).Succeeded().Trim();

    /// <summary>
    /// Builds the image of a Dockerfile, and removes everything that it started. What a command of a Dockerfile leaves running, for example
    /// a compiler server, would otherwise live on, because a chroot has no processes of its own.
    /// </summary>
    /// <param name="context">The folder that <c>COPY</c> copies from.</param>
    public async Task<ProgramResult> BuildAsync(string tag, string dockerfile, string context, params string[] options)
        => await Programs.RunAsync(Start("unshare", ["--pid", "--fork", "--kill-child", "--mount-proc", "buildah"],
            ["bud", "--pull-never", "--layers", "--tag", tag, "--file", dockerfile, .. options, context]), Limit);

    public async Task<JsonObject> InspectAsync(string image)
        => JsonNode.Parse(await RunAsync("inspect", "--type", "image", image))!.AsObject();

    /// <summary>Makes a container and mounts its root file system.</summary>
    /// <returns>Its name, and the folder.</returns>
    public async Task<(string Name, string Root)> MountAsync(string image)
    {
        string name = await RunAsync("from", "--pull-never", image);
        return (name, await RunAsync("mount", name));
    }

    public void Dispose()
    {
        _runtime.Delete(recursive: true);
        _lock.Dispose();
    }

    private ProcessStartInfo Start(string program, string[] before, string[] arguments)
    {
        string[] all = [.. before, "--root", Path.Combine(_storage, "storage"), "--runroot", _runtime.FullName, "--storage-driver",
            "overlay", .. arguments];
        var start = new ProcessStartInfo(program, all) { WorkingDirectory = Checkout.Root };
        start.Environment["BUILDAH_ISOLATION"] = "chroot";
        return start;
    }
}

using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Dapr.Voice.Tests.Integration.Images;

/// <summary>
/// Images that bear the names of Microsoft's, which no machine without a network can pull: the distribution of this machine (debootstrap),
/// with its .NET SDK or its runtime alone, and the user and the environment of the real ones.
/// </summary>
/// <remarks>They cannot show what only Ubuntu 24.04 and Microsoft's layers have: package names and versions of that distribution (a library
/// of another ABI has another name there), the tools of the real SDK image, and the sizes of the real layers.</remarks>
internal sealed partial class StandInBases(Buildah buildah)
{
    /// <summary>The user that Microsoft's images bring.</summary>
    public const int AppUser = 1654;

    public const string Sdk = "mcr.microsoft.com/dotnet/sdk:10.0-noble";
    public const string AspNet = "mcr.microsoft.com/dotnet/aspnet:10.0-noble";

    /// <summary>Counts changes of this file, so that images of an older one are not used.</summary>
    private const int Recipe = 1;

    private const string RecipeLabel = "voice.recipe";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(20);

    /// <summary>Makes both images, unless an earlier run has made them from the same SDK and distribution.</summary>
    /// <returns>True if they were made now.</returns>
    public async Task<bool> EnsureAsync()
    {
        string sdk = (await Programs.RunAsync(new ProcessStartInfo(Checkout.Dotnet, ["--version"]) {
            WorkingDirectory = Checkout.Root }, Limit)).Succeeded().Trim();
        string runtime = Environment.Version.ToString();
        string codename = CodeName().Match(await File.ReadAllTextAsync("/etc/os-release")).Groups[1].Value;
        string recipe = $"{Recipe} {codename} {sdk} {runtime}";
        if (await HasAsync(AspNet) && await HasAsync(Sdk) && await RecipeOfAsync(Sdk) == recipe) return false;

        string distribution = await MakeDistributionAsync(codename);
        string dotnet = Path.GetDirectoryName(
            File.ResolveLinkTarget(Checkout.Dotnet, returnFinalTarget: true)?.FullName ?? Checkout.Dotnet)!;
        await DeriveAsync(distribution, AspNet, dotnet, ["dotnet", $"host/fxr/{runtime}", $"shared/Microsoft.NETCore.App/{runtime}",
            $"shared/Microsoft.AspNetCore.App/{runtime}"],
            ["--env", $"DOTNET_VERSION={runtime}", "--env", $"ASPNET_VERSION={runtime}", "--env", "ASPNETCORE_HTTP_PORTS=8080"]);
        // Microsoft's SDK image derives from its ASP.NET image, too.
        await DeriveAsync(AspNet, Sdk, dotnet, ["packs", $"sdk/{sdk}", "sdk-manifests", "templates"],
            ["--env", $"DOTNET_SDK_VERSION={sdk}", "--env", "DOTNET_NOLOGO=true", "--env", "DOTNET_GENERATE_ASPNET_CERTIFICATE=false",
            "--env", "DOTNET_USE_POLLING_FILE_WATCHER=true", "--env", "NUGET_XMLDOC_MODE=skip", "--env", "ASPNETCORE_HTTP_PORTS-",
            // MSBuild reads it as a property. The solution's own build has run the analyzers on these sources; they take half of the time.
            "--env", "RunAnalyzersDuringBuild=false", "--label", $"{RecipeLabel}={recipe}"]);
        return true;
    }

    /// <summary>
    /// The options of a build that let the commands of a Dockerfile use the package sources of this machine, and its packages of NuGet, as
    /// far as it has them. Nothing of that gets into an image.
    /// </summary>
    public static async Task<string[]> VolumesAsync()
    {
        string packages = (await Programs.RunAsync(Limit, Checkout.Dotnet, "nuget", "locals", "global-packages", "--list")).Succeeded()
            .Split(": ", 2)[1].Trim();
        string configuration = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "NuGet");
        return [.. new[] { (packages, "/root/.nuget/packages"), (configuration, "/root/.nuget/NuGet:ro"), ("/etc/apt", "/etc/apt:ro"),
            ("/usr/share/keyrings", "/usr/share/keyrings:ro"), ("/etc/ssl/certs", "/etc/ssl/certs:ro") }
            .Where(v => Directory.Exists(v.Item1)).SelectMany(v => new[] { "--volume", $"{v.Item1}:{v.Item2}" })];
    }

    private async Task<string> MakeDistributionAsync(string codename)
    {
        string sources = (await Programs.RunAsync(Limit, "apt-get", "indextargets", "--format", "$(CODENAME) $(COMPONENT) $(REPO_URI)",
            "Created-By: Packages")).Succeeded();
        string source = sources.Split('\n').Select(l => l.Split(' ')).First(w => w[0] == codename && w[1] == "main")[2];
        // The packages that Microsoft adds to the distribution for .NET (dotnet-docker, runtime-deps).
        string[] packages = ["ca-certificates", "libgcc-s1", await NewestAsync("libicu", LibIcu()),
            await NewestAsync("libssl3", LibSsl()), "libstdc++6", "tzdata"];
        (string name, string root) = await buildah.MountAsync("scratch");
        (await Programs.RunAsync(Limit, "debootstrap", "--variant=minbase", "--include=" + string.Join(',', packages), codename, root,
            source)).Succeeded();
        // The sources of this machine stay outside. A container engine mounts its own files over the two in /etc.
        const string Script = "apt-get clean && rm -rf /etc/apt/sources.list /var/lib/apt/lists/* /var/log/*.log "
            + "&& groupadd --gid $0 app && useradd --uid $0 --gid $0 --create-home --no-log-init app "
            + "&& : >/etc/hosts && : >/etc/resolv.conf";
        (await Programs.RunAsync(Limit, "chroot", root, "/bin/sh", "-c", Script, $"{AppUser}")).Succeeded();
        await buildah.RunAsync("config", "--env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "--env",
            $"APP_UID={AppUser}", "--env", "DOTNET_RUNNING_IN_CONTAINER=true", "--cmd", "/bin/bash", "--created-by",
            $"debootstrap {codename}", name);
        return await CommitAsync(name, "localhost/voice/distribution");
    }

    /// <summary>Copies parts of this machine's .NET into a new image.</summary>
    private async Task DeriveAsync(string from, string to, string dotnet, string[] parts, string[] configuration)
    {
        (string name, string root) = await buildah.MountAsync(from);
        string target = Directory.CreateDirectory(root + "/usr/share/dotnet").FullName;
        (await Programs.RunAsync(new ProcessStartInfo("cp", ["--archive", "--parents", .. parts.Where(p =>
            Path.Exists(Path.Combine(dotnet, p))), target]) { WorkingDirectory = dotnet }, Limit)).Succeeded();
        if (!File.Exists(root + "/usr/bin/dotnet")) File.CreateSymbolicLink(root + "/usr/bin/dotnet", "/usr/share/dotnet/dotnet");
        await buildah.RunAsync(["config", .. configuration, "--created-by", "copy of this machine's .NET", name]);
        await CommitAsync(name, to);
    }

    private async Task<string> CommitAsync(string container, string tag)
    {
        await buildah.RunAsync("commit", "--quiet", "--rm", container, tag);
        return tag;
    }

    private async Task<bool> HasAsync(string image)
        => (await buildah.RunAsync("images", "--quiet", "--filter", $"reference={image}")).Length > 0;

    private async Task<string?> RecipeOfAsync(string image)
        => (string?)(await buildah.InspectAsync(image))["OCIv1"]!["config"]!["Labels"]?[RecipeLabel];

    /// <summary>Returns the newest name of a package whose name has a version.</summary>
    private static async Task<string> NewestAsync(string prefix, Regex form)
    {
        string[] names = (await Programs.RunAsync(Limit, "apt-cache", "pkgnames", prefix)).Succeeded().Split('\n');
        return names.Where(n => form.IsMatch(n)).MaxBy(n => (n.Length, n))
            ?? throw new InvalidOperationException($"apt knows no package {prefix}: run apt-get update");
    }

    [GeneratedRegex("^VERSION_CODENAME=\"?([a-z]+)", RegexOptions.Multiline)]
    private static partial Regex CodeName();

    [GeneratedRegex("^libicu[0-9]+$")]
    private static partial Regex LibIcu();

    // Where the ABI of a library has changed with 64-bit time, its package has this suffix.
    [GeneratedRegex("^libssl3(t64)?$")]
    private static partial Regex LibSsl();
}

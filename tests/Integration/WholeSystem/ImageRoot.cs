using System.Diagnostics;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>
/// The root file system that a Dockerfile's last stage makes, as far as that is possible without a container engine. It has the published
/// program, the runtime, the Debian packages of the base image, those that the recipe installs, and their dependencies. It has nothing
/// else: no shell and no tool.
/// </summary>
internal sealed class ImageRoot : IDisposable
{
    /// <summary>The user that the base image brings, <c>$APP_UID</c>.</summary>
    public const int AppUser = 1654;

    /// <summary>
    /// The packages that Microsoft's image adds to the distribution's for .NET (dotnet-docker, runtime-deps). The names are those of Ubuntu
    /// 24.04, where a library whose ABI changed with 64-bit time has the suffix <c>t64</c>. Another distribution has them under the older
    /// name, and ICU with its own version number.
    /// </summary>
    private static readonly string[] BasePackages =
        ["ca-certificates", "libc6", "libgcc-s1", "libicu74", "libssl3t64", "libstdc++6", "tzdata"];

    private static readonly string[] NotNeeded =
        ["/usr/share/doc/", "/usr/share/man/", "/usr/share/locale/", "/usr/share/lintian/", "/usr/share/bug/"];

    private readonly string _root;
    private readonly string _runtime;
    private readonly DeployedContainer _container;

    /// <param name="published">A folder that <c>./voice publish</c> made.</param>
    public ImageRoot(DeployedContainer container, string published)
    {
        _container = container;
        _root = Directory.CreateTempSubdirectory("voice-image-").FullName;
        new DirectoryInfo(_root).UnixFileMode |= UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead
            | UnixFileMode.OtherExecute;
        _runtime = Path.Combine(published, "dotnet");
        foreach (string folder in new[] { "usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "usr/share/dotnet", "app", "proc", "dev", "tmp",
            "etc" }) Directory.CreateDirectory(Path.Combine(_root, folder));
        foreach (string name in new[] { "bin", "sbin", "lib", "lib64" }) File.CreateSymbolicLink(Path.Combine(_root, name), "usr/" + name);
        string[] wanted = [.. BasePackages.Select(Local), .. Closure(container.Packages.Select(Local))];
        foreach (string package in wanted.Distinct()) Install(package);
        TakeAlternatives();
        Packages = [.. wanted.Distinct().Order(StringComparer.Ordinal)];
        // A container engine writes the names of the host and of name servers.
        File.WriteAllText(Path.Combine(_root, "etc", "hosts"), "127.0.0.1 localhost\n");
        File.WriteAllText(Path.Combine(_root, "etc", "nsswitch.conf"), "hosts: files dns\n");
        string program = Path.GetFileName(container.Project);
        CopyFolder(Path.Combine(published, "bin", program), Path.Combine(_root, "app"));
        foreach (string folder in container.CopiedFolders) CopyFolder(Path.Combine(published, folder), Path.Combine(_root, "app", folder));
    }

    /// <summary>The packages by their names on this machine.</summary>
    public IReadOnlyList<string> Packages { get; }

    public long Bytes => new DirectoryInfo(_root).EnumerateFiles("*", SearchOption.AllDirectories).Where(f => f.LinkTarget is null)
        .Sum(f => f.Length);

    /// <summary>False on a machine without Debian's packages, or without root.</summary>
    public static bool IsPossible => Environment.UserName == "root" && File.Exists("/usr/bin/dpkg-query")
        && File.Exists("/usr/bin/unshare");

    /// <summary>
    /// Starts the image's entry point as the platform does: with its user, its working folder, a read-only root, and these variables alone.
    /// All wrappers replace themselves, so the process is the program itself.
    /// </summary>
    public Process Start(NetworkNamespace network, IReadOnlyDictionary<string, string> environment)
    {
        string script = "r=$1; d=$2; shift 2; mount --bind \"$r\" \"$r\" && mount --bind \"$d\" \"$r/usr/share/dotnet\" && mount --rbind "
            + "/proc \"$r/proc\" && mount --rbind /dev \"$r/dev\" && mount -o remount,bind,ro \"$r\" && exec \"$@\"";
        string[] command =
        [
            "--net=" + network.FilePath, "/usr/bin/unshare", "--mount", "/bin/sh", "-c", script, "sh", _root, _runtime, "/usr/bin/setpriv",
                "--clear-groups",
            "/usr/bin/env", "-i", .. environment.Select(e => $"{e.Key}={e.Value}"), "/usr/bin/unshare", $"--root={_root}", "--wd=/app",
                $"--setgid={AppUser}", $"--setuid={AppUser}",
            "/usr/share/dotnet/dotnet", _container.Assembly,
        ];
        return Process.Start(new ProcessStartInfo("/usr/bin/nsenter", command) {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    /// <summary>Returns the name that this machine uses for a package of Ubuntu 24.04.</summary>
    private static string Local(string package)
    {
        string older = package.EndsWith("t64", StringComparison.Ordinal) ? package[..^3] : package;
        string pattern = package.StartsWith("libicu", StringComparison.Ordinal) ? "libicu[0-9]*" : older;
        foreach (string tried in new[] { package, pattern })
        {
            string? found = Query("-W", "-f", "${db:Status-Status} ${Package}\n", tried).Split('\n')
                .FirstOrDefault(l => l.StartsWith("installed ", StringComparison.Ordinal));
            if (found is not null) return found.Split(' ')[1];
        }
        throw new InvalidOperationException($"{package} is not installed here");
    }

    /// <summary>Returns the packages and their dependencies. Of alternatives it returns the installed one.</summary>
    private static SortedSet<string> Closure(IEnumerable<string> packages)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        var open = new Queue<string>(packages);
        while (open.TryDequeue(out string? package))
        {
            if (!found.Add(package)) continue;
            foreach (string dependency in Query("-W", "-f", "${Depends}", package)
                .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                string? installed = dependency.Split('|').Select(a => a.Trim().Split(' ', ':')[0])
                    .FirstOrDefault(a => Query("-W", "-f", "${db:Status-Status}", a).StartsWith("installed", StringComparison.Ordinal));
                if (installed is not null) open.Enqueue(installed);
            }
        }
        return found;
    }

    private void Install(string package)
    {
        foreach (string path in Query("-L", package).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (path[0] != '/' || NotNeeded.Any(n => path.StartsWith(n, StringComparison.Ordinal))) continue;
            string target = _root + path;
            var file = new FileInfo(path);
            if (file.LinkTarget is { } link)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                if (!Path.Exists(target) && new FileInfo(target).LinkTarget is null) File.CreateSymbolicLink(target, link);
            }
            else if (file.Exists)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                file.CopyTo(target, overwrite: true);
            }
        }
    }

    /// <summary>
    /// Adds links that no package lists because its installation script makes them (update-alternatives(1)), for libraries with several
    /// vendors.
    /// </summary>
    private void TakeAlternatives()
    {
        const string Alternatives = "/etc/alternatives/";
        foreach (FileInfo? link in new DirectoryInfo(Alternatives).EnumerateFiles()
            .Where(f => f.LinkTarget is { } to && File.Exists(_root + to)))
        {
            Directory.CreateDirectory(_root + Alternatives);
            File.CreateSymbolicLink(_root + link.FullName, link.LinkTarget!);
        }
        foreach (FileInfo? link in new DirectoryInfo("/usr/lib").EnumerateDirectories("*-linux-gnu").SelectMany(d => d.EnumerateFiles()))
        {
            if (link.LinkTarget is not { } to || !to.StartsWith(Alternatives, StringComparison.Ordinal)
                || new FileInfo(_root + to).LinkTarget is null) continue;
            Directory.CreateDirectory(_root + link.DirectoryName);
            File.CreateSymbolicLink(_root + link.FullName, to);
        }
    }

    /// <summary>Returns an empty string if dpkg does not know the package.</summary>
    private static string Query(params string[] arguments)
    {
        using Process dpkg = Process.Start(
            new ProcessStartInfo("/usr/bin/dpkg-query", arguments) {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        _ = dpkg.StandardError.ReadToEndAsync();
        string output = dpkg.StandardOutput.ReadToEnd();
        dpkg.WaitForExit();
        return dpkg.ExitCode == 0 ? output : "";
    }

    private static void CopyFolder(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}

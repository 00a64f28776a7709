using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Dapr.Voice.Tests.Infra.Containers;

/// <summary>
/// The Dockerfiles name paths, projects, entry assemblies and ports that exist. Nothing is built here: <c>./voice test images</c> builds
/// them on stand-in base images, and a job of the workflow on the real ones.
/// </summary>
public sealed partial class DockerfileTests
{
    /// <summary>The project of each image, and every port that the image must expose.</summary>
    public static TheoryData<string, string, string> Images => new()
    {
        { "services/relay", "Dapr.Voice.Relay", "3478/tcp 3478/udp 8070/tcp" },
        { "services/signaling", "Dapr.Voice.Signaling", "8080/tcp" },
        { "services/transceiver", "Dapr.Voice.Transceiver", "20000-20005/tcp 20000-20005/udp 8100/tcp" },
        { "samples/local-agent", "Dapr.Voice.LocalAgent", "8090/tcp" },
    };

    [Theory]
    [MemberData(nameof(Images))]
    public void Dockerfile_Ports_AreThoseOfTheService(string project, string assembly, string ports)
    {
        _ = assembly;
        List<string> lines = FinalStage(project);
        Assert.Equal(ports, string.Join(' ', Arguments(lines, "EXPOSE").SelectMany(a => a.Split(' ')).Order(StringComparer.Ordinal)));
        // The image tells the service which HTTP port to open.
        string http = HttpPort().Match(string.Join(' ', Arguments(lines, "ENV"))).Groups[1].Value;
        Assert.Contains($"{http}/tcp", ports.Split(' '));
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void Dockerfile_FinalStage_RunsAsNobodyAndEndsOnSigterm(string project, string assembly, string ports)
    {
        _ = ports;
        List<string> lines = FinalStage(project);
        Assert.Matches("^FROM mcr\\.microsoft\\.com/dotnet/aspnet:10\\.0-noble(@sha256:[0-9a-f]{64})?$", lines[0]);
        Assert.Equal("$APP_UID", Arguments(lines, "USER").Last());
        Assert.Equal("SIGTERM", Assert.Single(Arguments(lines, "STOPSIGNAL")));
        // The entry point must have the exec form: a shell in between would not pass SIGTERM on.
        Assert.Equal($"[\"dotnet\", \"{assembly}.dll\"]", Assert.Single(Arguments(lines, "ENTRYPOINT")));
        Assert.True(File.Exists(Checkout.File(project, assembly + ".csproj")), "the assembly has another name");
        // No instruction after USER may need root.
        Assert.DoesNotContain(lines.SkipWhile(l => !l.StartsWith("USER", StringComparison.Ordinal)),
            l => l.StartsWith("RUN", StringComparison.Ordinal));
        Assert.Contains("DOTNET_EnableDiagnostics_IPC=0", string.Join(' ', Arguments(lines, "ENV")), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void Dockerfile_EveryPath_ExistsAndIsInTheContext(string project, string assembly, string ports)
    {
        _ = (assembly, ports);
        List<string> lines = Lines(project);
        var stages = lines.Where(l => l.StartsWith("FROM ", StringComparison.Ordinal)).Select(l => l.Split(' ')).Where(w => w.Length == 4)
            .Select(w => w[3]).ToHashSet(StringComparer.Ordinal);
        foreach (string copy in Arguments(lines, "COPY"))
        {
            string[] words = copy.Split(' ');
            if (words[0].StartsWith("--from=", StringComparison.Ordinal)) Assert.Contains(words[0][7..], stages);
            else foreach (string source in words[..^1]) AssertInContext(source);
        }
        string[] commands = [.. Arguments(lines, "RUN").SelectMany(r => Project().Matches(r)).Select(m => m.Groups[1].Value)];
        Assert.Equal([project, project], commands);
        foreach (string needed in Closure(project)) AssertInContext(needed);
    }

    [Fact]
    public void DockerIgnore_SecretsTestsAndBuilds_StayOutside()
    {
        string[] rules = Rules();
        Assert.Equal("*", rules[0]);
        foreach (string kept in new[] { ".voice", "tests", "tools", "infra", ".git" }) Assert.False(IsInContext(kept), kept);
        foreach (string pattern in new[] { "**/bin", "**/obj", "**/node_modules" }) Assert.Contains(pattern, rules);
        Assert.All(rules.Where(r => r.StartsWith('!')), r => Assert.True(Path.Exists(Checkout.File(r[1..])), $"{r} is not there"));
    }

    [Theory]
    [InlineData("services/transceiver", "libopus0")]
    [InlineData("samples/local-agent", "libespeak-ng1 libpocketsphinx3 pocketsphinx-en-us")]
    public void Dockerfile_NativePackages_AreInstalledWithoutLeavingLists(string project, string packages)
    {
        string install = Assert.Single(Arguments(FinalStage(project), "RUN"));
        Assert.Contains($"--no-install-recommends {packages} && rm -rf /var/lib/apt/lists/*", install, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void Dockerfile_NativeLibraries_AreOfTheBaseImageOrInstalled(string project, string assembly, string ports)
    {
        _ = (assembly, ports);
        // Microsoft's image brings these for .NET. A dependency of an installed package is installed with it.
        var provided = new HashSet<string>(["libssl3"], StringComparer.Ordinal);
        string install = Arguments(FinalStage(project), "RUN").SingleOrDefault() ?? "";
        provided.UnionWith(InstalledPackages().Match(install).Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        if (provided.Contains("libpocketsphinx3")) provided.Add("libsphinxbase3");

        string table = File.ReadAllText(Checkout.File("libs", "Native", "NativeLibraries.cs"));
        var packageOf = LibraryPackage().Matches(table).ToDictionary(
            m => m.Groups[1].Value, m => m.Groups[2].Value, StringComparer.Ordinal);
        Assert.Equal(6, packageOf.Count);
        // A type of libs/Native is in the file of its name. It needs what that file names, and what the types that it uses need.
        Dictionary<string, string> native = Directory.GetFiles(Checkout.File("libs", "Native"), "*.cs")
            .ToDictionary(f => Path.GetFileNameWithoutExtension(f), File.ReadAllText, StringComparer.Ordinal);
        var needs = native.Keys.ToDictionary(type => type, _ => new HashSet<string>(StringComparer.Ordinal), StringComparer.Ordinal);
        foreach (string type in native.Keys.Where(t => t != "NativeLibraries"))
            needs[type].UnionWith(packageOf.Keys.Where(library => Names(native[type], "NativeLibraries." + library)));
        for (int before = -1; before != needs.Values.Sum(n => n.Count);)
        {
            before = needs.Values.Sum(n => n.Count);
            foreach ((string type, string text) in native) needs[type].UnionWith(
                native.Keys.Where(other => other != type && type != "NativeLibraries" && Names(text, other))
                .SelectMany(other => needs[other]).ToArray());
        }
        var used = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string file in Closure(project).Where(f => f != "libs/Native")
            .SelectMany(f => Directory.EnumerateFiles(Checkout.File(f), "*.cs", SearchOption.AllDirectories))
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal)))
        {
            string text = File.ReadAllText(file);
            used.UnionWith(needs.Where(n => n.Value.Count > 0 && Names(text, n.Key)).SelectMany(n => n.Value));
            used.UnionWith(packageOf.Keys.Where(library => Names(text, "NativeLibraries." + library)));
        }
        Assert.All(used, library => Assert.Contains(packageOf[library], provided));
        if (project == "services/transceiver") Assert.Equal(["Crypto", "Opus", "Ssl"], used);
        // Hosting names OpenSSL, which each service of the fleet needs.
        if (project == "samples/local-agent") Assert.Equal(["Crypto", "EspeakNg", "PocketSphinx", "SphinxBase", "Ssl"], used);
    }

    private static bool Names(string text, string word)
    {
        for (int at = -1; (at = text.IndexOf(word, at + 1, StringComparison.Ordinal)) >= 0;)
        {
            bool begins = at == 0 || !char.IsLetterOrDigit(text[at - 1]),
                ends = at + word.Length == text.Length || !char.IsLetterOrDigit(text[at + word.Length]);
            if (begins && ends) return true;
        }
        return false;
    }

    private static void AssertInContext(string source)
    {
        if (source == ".") return;
        Assert.True(Path.Exists(Checkout.File(source)), $"{source} is not there");
        Assert.True(IsInContext(source), $".dockerignore keeps {source} outside");
    }

    /// <summary>Returns true if an exception of .dockerignore names the path or a folder above it.</summary>
    private static bool IsInContext(string path)
        => Rules().Where(r => r.StartsWith('!')).Any(r => path == r[1..] || path.StartsWith(r[1..] + "/", StringComparison.Ordinal));

    private static string[] Rules() => [.. File.ReadLines(Checkout.File(".dockerignore")).Where(l => l.Length > 0 && l[0] != '#')];

    /// <summary>Returns the project's folder and the folders of all projects that it references.</summary>
    private static SortedSet<string> Closure(string project)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        var open = new Queue<string>([project]);
        while (open.TryDequeue(out string? folder))
        {
            if (!found.Add(folder)) continue;
            var file = XDocument.Load(Directory.GetFiles(Checkout.File(folder), "*.csproj").Single());
            foreach (string reference in file.Descendants("ProjectReference").Select(r => (string)r.Attribute("Include")!))
                open.Enqueue(
                    Path.GetRelativePath(Checkout.Root, Path.GetDirectoryName(
                    Path.GetFullPath(reference, Checkout.File(folder)))!));
        }
        return found;
    }

    private static List<string> FinalStage(string project)
    {
        List<string> lines = Lines(project);
        return lines[lines.FindLastIndex(l => l.StartsWith("FROM ", StringComparison.Ordinal))..];
    }

    private static List<string> Lines(string project)
        => [.. File.ReadLines(Checkout.File(project, "Dockerfile")).Where(l => l.Length > 0 && l[0] != '#')];

    private static IEnumerable<string> Arguments(IEnumerable<string> lines, string instruction)
        => lines.Where(l => l.StartsWith(instruction + " ", StringComparison.Ordinal)).Select(l => l[(instruction.Length + 1)..].Trim());

    [GeneratedRegex("--no-install-recommends ([^&]+) &&")]
    private static partial Regex InstalledPackages();

    [GeneratedRegex(@"\((\w+), ""(lib[^""]+)""\)")]
    private static partial Regex LibraryPackage();

    [GeneratedRegex(@"ASPNETCORE_HTTP_PORTS=(\d+)")]
    private static partial Regex HttpPort();

    [GeneratedRegex(@"dotnet (?:restore|publish) (\S+)")]
    private static partial Regex Project();
}

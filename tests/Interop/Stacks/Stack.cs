using System.Text.Json.Nodes;
using Dapr.Voice.Tests.Interop.Machine;

namespace Dapr.Voice.Tests.Interop.Stacks;

/// <summary>A WebRTC stack that we did not write, and the peer program in <c>Peers/</c> that calls with it.</summary>
/// <param name="Needs">What it needs on the machine: each Debian package, with a file of it that shows that it is installed.</param>
/// <param name="Command">Prepares the program if necessary, and returns its command line.</param>
internal sealed record Stack(
    string Name, IReadOnlyList<(string Package, string File)> Needs, Func<InteropSystem, Task<IReadOnlyList<string>>> Command)
{
    /// <summary>What the stack has no API for, with the reason as docs/interop.md gives it.</summary>
    public IReadOnlyDictionary<Capability, string> Lacks { get; init; } = new Dictionary<Capability, string>();

    /// <summary>What fails by a fault of the stack's own, with the reason as docs/interop.md gives it. It is not tried.</summary>
    public IReadOnlyDictionary<Capability, string> Breaks { get; init; } = new Dictionary<Capability, string>();

    /// <summary>Whether the stack should be able to do it.</summary>
    public bool Has(Capability capability) => !Lacks.ContainsKey(capability) && !Breaks.ContainsKey(capability);

    private const string NodeModules = "node_modules";
    private const string Python = "/usr/bin/python3";
    private static readonly (string, string)[] Node = [("nodejs", "node"), ("npm", "npm")];
    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(5);
    private static readonly SemaphoreSlim Installing = new(1, 1);

    public static readonly IReadOnlyList<Stack> All =
    [
        new("Chromium", [.. Node, ("chromium", "chromium")], system => BrowserAsync(system, "chrome", "chromium")),
        new("Firefox", [.. Node, ("firefox-esr", "firefox-esr"), ("pulseaudio", "pulseaudio")],
            system => BrowserAsync(system, "firefox", "firefox-esr")),
        new("@roamhq/wrtc", Node, _ => NodeAsync("wrtc")),
        new("node-datachannel", Node, _ => NodeAsync("node-datachannel"))
        {
            Breaks = new Dictionary<Capability, string>
            {
                [Capability.IceTcp] = "two threads of libjuice write the same frame: both lengths, then both payloads",
            },
        },
        new("werift", Node, _ => NodeAsync("werift")),
        new("aiortc", [("python3-aiortc", "/usr/lib/python3/dist-packages/aiortc/__init__.py")], _ => PythonAsync("aiortc"))
        {
            Lacks = new Dictionary<Capability, string>
            {
                [Capability.IceTcp] = "aioice opens datagram sockets only (aioice/ice.py, gather_candidates)",
                [Capability.VideoBeside] = "aiortc has no rejected sections: it never looks at their port (aiortc/sdp.py)",
            },
        },
        new("GStreamer",
            [
                ("python3-gst-1.0", "/usr/lib/python3/dist-packages/gi/overrides/Gst.py"),
                ("gir1.2-gst-plugins-bad-1.0", "/usr/lib/*/girepository-1.0/GstWebRTC-1.0.typelib"),
                ("gstreamer1.0-plugins-bad", "/usr/lib/*/gstreamer-1.0/libgstwebrtc.so"),
                ("gstreamer1.0-plugins-good", "/usr/lib/*/gstreamer-1.0/libgstrtpmanager.so"),
                ("gstreamer1.0-nice", "/usr/lib/*/gstreamer-1.0/libgstnice.so"),
            ], _ => PythonAsync("gstreamer")),
        new("pion",
            [
                ("golang-go", "go"),
                ("golang-github-pion-webrtc.v3-dev", "/usr/share/gocode/src/github.com/pion/webrtc/peerconnection.go"),
            ], PionAsync)
        {
            Lacks = new Dictionary<Capability, string>
            {
                [Capability.IceTcp] = "Debian's pion/ice 2.3.1 makes passive TCP candidates only (gather.go)",
            },
        },
    ];

    private static readonly string? Only = Environment.GetEnvironmentVariable("VOICE_INTEROP_STACK") is { Length: > 0 } name ? name : null;

    /// <summary>Why this run doesn't have it, or null if it does. <c>VOICE_INTEROP_STACK</c> names the only one to run.</summary>
    public string? WhyNot
    {
        get
        {
            if (Only is not null && Only != Name) return $"VOICE_INTEROP_STACK is {Only}";
            string[] missing = [.. Needs.Where(need => !IsThere(need.File)).Select(need => need.Package)];
            return missing.Length == 0 ? null : $"not installed: apt-get install {string.Join(' ', missing)}";
        }
    }

    /// <summary>Whether a program on the PATH, or a file whose path may have one folder named <c>*</c>, exists.</summary>
    private static bool IsThere(string file)
    {
        if (!file.StartsWith('/')) return Programs.Find(file) is not null;
        int star = file.IndexOf('*', StringComparison.Ordinal);
        if (star < 0) return File.Exists(file);
        return Directory.EnumerateDirectories(file[..star]).Any(folder => File.Exists(folder + file[(star + 1)..]));
    }

    private static string Peer(params string[] parts) => Checkout.File(["tests", "Interop", "Peers", .. parts]);

    private static async Task<IReadOnlyList<string>> NodeAsync(string folder)
    {
        await InstallAsync(Peer());
        return [Programs.Find("node")!, Peer(folder, "peer.mjs")];
    }

    private static async Task<IReadOnlyList<string>> BrowserAsync(InteropSystem system, string name, string program)
    {
        await InstallAsync(Checkout.File("tests", "Browser", "driver"));
        string profile = system.Folder(name);
        var settings = new JsonObject
        {
            ["browser"] = name,
            ["executable"] = Programs.Find(program),
            ["profile"] = profile,
            ["soundServer"] = name == "firefox" ? Programs.Find("pulseaudio") : null,
            ["wavs"] = system.Folder("questions") + "/",
        };
        // If root runs Firefox, the home folder must belong to root.
        return ["/usr/bin/env", "HOME=" + profile, Programs.Find("node")!, Peer("browser", "peer.mjs"), settings.ToJsonString()];
    }

    // Another Python on the PATH does not have Debian's packages.
    private static Task<IReadOnlyList<string>> PythonAsync(string folder)
        => Task.FromResult<IReadOnlyList<string>>([Python, Peer(folder, "peer.py")]);

    /// <summary>Builds the program from Debian's sources, without a network.</summary>
    private static async Task<IReadOnlyList<string>> PionAsync(InteropSystem system)
    {
        string built = TestResults.Kept("pion");
        string[] build = ["/usr/bin/env", "GO111MODULE=off", "GOFLAGS=", "GOPATH=/usr/share/gocode",
            "GOCACHE=" + TestResults.Kept("go-build"), Programs.Find("go")!, "build", "-o", built, Peer("pion", "main.go")];
        (await Programs.RunAsync(InstallLimit, build[0], build[1..])).Succeeded();
        string version = (await Programs.RunAsync(InstallLimit, "dpkg-query", "-W", "-f", "${source:Upstream-Version}",
            "golang-github-pion-webrtc.v3-dev")).Succeeded();
        return ["/usr/bin/env", "PEER_VERSION=" + version, built];
    }

    private static async Task InstallAsync(string folder)
    {
        await Installing.WaitAsync();
        try
        {
            // npm writes this file last. It is newer than the lock file that npm used.
            var installed = new FileInfo(Path.Combine(folder, NodeModules, ".package-lock.json"));
            if (installed.Exists && installed.LastWriteTimeUtc >= File.GetLastWriteTimeUtc(Path.Combine(folder, "package-lock.json")))
                return;
            var install = new System.Diagnostics.ProcessStartInfo(Programs.Find("npm")!, ["ci", "--no-audit", "--no-fund"]) {
                WorkingDirectory = folder };
            (await Programs.RunAsync(install, InstallLimit)).Succeeded();
        }
        finally
        {
            Installing.Release();
        }
    }
}

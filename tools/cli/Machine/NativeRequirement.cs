using System.Runtime.InteropServices;
using Dapr.Voice.Opus;

namespace Dapr.Voice.Cli.Machine;

/// <summary>
/// Something that the machine must have besides .NET, how to see whether it is there, and the Debian package that has it.
/// </summary>
/// <param name="WithoutIt">What happens without the package, and at what cost. Null if nothing works without it.</param>
internal sealed record NativeRequirement(
    string Package, string UsedFor, Func<bool> IsPresent, NativeNeed Need = NativeNeed.System, string? WithoutIt = null)
{
    public static readonly IReadOnlyList<NativeRequirement> All =
    [
        new("libssl3", "DTLS and SRTP (transceiver, call, load)", () => Library("libssl.so.3") && Library("libcrypto.so.3"),
            NativeNeed.Call),
        new("libopus0", "Opus (transceiver, call, load)", () => OpusCodec.IsLibopusInstalled, NativeNeed.Call,
            WithoutIt: "Concentus, which is managed code, is used instead: about twice the CPU time for each call, and 6 MB of garbage a "
            + "second"),
        new("libespeak-ng1", "the local agent's voice", () => Library("libespeak-ng.so.1")),
        new("libpocketsphinx3", "the local agent's ears", () => Library("libpocketsphinx.so.3")),
        new("pocketsphinx-en-us", "the local agent's English model", () => Directory.Exists("/usr/share/pocketsphinx/model/en-us/en-us")),
        new("flite", "spoken questions in tests", () => File.Exists("/usr/bin/flite"), NativeNeed.Tests),
        new("chromium", "./voice test browser", () => File.Exists("/usr/bin/chromium"), NativeNeed.Tests),
        new("firefox-esr", "./voice test browser", () => File.Exists("/usr/bin/firefox-esr"), NativeNeed.Tests),
        new("pulseaudio", "./voice test browser (a sound card for Firefox)", () => File.Exists("/usr/bin/pulseaudio"), NativeNeed.Tests),
        new("nodejs", "./voice test browser, infra", () => OnPath("node"), NativeNeed.Tests),
        new("npm", "./voice test browser, infra", () => OnPath("npm"), NativeNeed.Tests),
        new("shellcheck", "./voice test infra", () => OnPath("shellcheck"), NativeNeed.Tests),
        new("buildah", "./voice test images", () => OnPath("buildah"), NativeNeed.Tests, WithoutIt: "The suite images is skipped"),
        new("debootstrap", "./voice test images (base images)", () => File.Exists("/usr/sbin/debootstrap"), NativeNeed.Tests,
            WithoutIt: "The suite images is skipped"),
        new("iproute2", "./voice test browser (network namespace)", () => File.Exists("/sbin/ip") || File.Exists("/usr/sbin/ip"),
            NativeNeed.Tests),
        Peer("python3-aiortc", "aiortc", () => File.Exists("/usr/lib/python3/dist-packages/aiortc/__init__.py")),
        Peer("python3-gst-1.0", "GStreamer", () => File.Exists("/usr/lib/python3/dist-packages/gi/overrides/Gst.py")),
        Peer("gir1.2-gst-plugins-bad-1.0", "GStreamer", () => LibraryFile("girepository-1.0/GstWebRTC-1.0.typelib")),
        Peer("gstreamer1.0-plugins-bad", "GStreamer", () => LibraryFile("gstreamer-1.0/libgstwebrtc.so")),
        Peer("gstreamer1.0-plugins-good", "GStreamer", () => LibraryFile("gstreamer-1.0/libgstrtpmanager.so")),
        Peer("gstreamer1.0-nice", "GStreamer", () => LibraryFile("gstreamer-1.0/libgstnice.so")),
        Peer("golang-go", "pion", () => OnPath("go")),
        Peer("golang-github-pion-webrtc.v3-dev", "pion",
            () => File.Exists("/usr/share/gocode/src/github.com/pion/webrtc/peerconnection.go")),
    ];

    private static NativeRequirement Peer(string package, string stack, Func<bool> isPresent)
        => new(package, $"./voice test interop ({stack})", isPresent, NativeNeed.Interop, WithoutIt: $"The tests of {stack} are skipped");

    private static bool OnPath(string program)
        => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>Whether a file exists in the library folder of an architecture.</summary>
    private static bool LibraryFile(string path)
        => Directory.EnumerateDirectories("/usr/lib", "*-linux-gnu*").Any(folder => File.Exists(Path.Combine(folder, path)));

    private static bool Library(string name)
    {
        if (!NativeLibrary.TryLoad(name, out nint handle)) return false;
        NativeLibrary.Free(handle);
        return true;
    }
}

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
    ];

    private static bool OnPath(string program)
        => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    private static bool Library(string name)
    {
        if (!NativeLibrary.TryLoad(name, out nint handle)) return false;
        NativeLibrary.Free(handle);
        return true;
    }
}

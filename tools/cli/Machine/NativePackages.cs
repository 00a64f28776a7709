using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Dapr.Voice.Cli.Machine;

/// <summary>What the machine must have besides .NET, how to see whether it is there, and the Debian package that brings it.</summary>
internal sealed record NativeRequirement(string Package, string UsedFor, Func<bool> IsPresent, bool ForTestsOnly = false)
{
    public static readonly IReadOnlyList<NativeRequirement> All =
    [
        new("libssl3", "DTLS and SRTP (transceiver)", () => Library("libssl.so.3") && Library("libcrypto.so.3")),
        new("libopus0", "Opus (transceiver, call, load)", () => Library("libopus.so.0")),
        new("libespeak-ng1", "the local agent's voice", () => Library("libespeak-ng.so.1")),
        new("libpocketsphinx3", "the local agent's ears", () => Library("libpocketsphinx.so.3")),
        new("pocketsphinx-en-us", "the local agent's English model", () => Directory.Exists("/usr/share/pocketsphinx/model/en-us/en-us")),
        new("flite", "spoken questions in tests", () => File.Exists("/usr/bin/flite"), ForTestsOnly: true),
        new("chromium", "./voice test browser", () => File.Exists("/usr/bin/chromium"), ForTestsOnly: true),
        new("firefox-esr", "./voice test browser", () => File.Exists("/usr/bin/firefox-esr"), ForTestsOnly: true),
        new("pulseaudio", "./voice test browser (a sound card for Firefox)", () => File.Exists("/usr/bin/pulseaudio"), ForTestsOnly: true),
        new("nodejs", "./voice test browser, infra", () => OnPath("node"), ForTestsOnly: true),
        new("npm", "./voice test browser, infra", () => OnPath("npm"), ForTestsOnly: true),
        new("shellcheck", "./voice test infra", () => OnPath("shellcheck"), ForTestsOnly: true),
        new("iproute2", "./voice test browser (network namespace)", () => File.Exists("/sbin/ip") || File.Exists("/usr/sbin/ip"), ForTestsOnly: true),
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

/// <summary>Installs with apt where this user may, otherwise names the command.</summary>
internal static class NativePackages
{
    public static bool MayInstall => Environment.UserName == "root" && File.Exists("/usr/bin/apt-get");

    public static string InstallCommand(IEnumerable<NativeRequirement> missing) => "sudo apt-get update && sudo apt-get install -y " + string.Join(' ', missing.Select(m => m.Package));

    public static async Task EnsureAsync(bool includeTests, bool mayInstall, Action<string> say, CancellationToken cancellation)
    {
        var missing = NativeRequirement.All.Where(r => (includeTests || !r.ForTestsOnly) && !r.IsPresent()).ToList();
        if (missing.Count == 0) return;
        string names = string.Join(", ", missing.Select(m => $"{m.Package} ({m.UsedFor})"));
        if (!mayInstall || !MayInstall) throw new CommandFailedException($"missing: {names}", InstallCommand(missing));
        say($"installing with apt: {string.Join(' ', missing.Select(m => m.Package))}");
        await RunAptAsync(["update", "-qq"], cancellation);
        await RunAptAsync(["install", "-y", "-qq", "--no-install-recommends", .. missing.Select(m => m.Package)], cancellation);
        var still = missing.Where(m => !m.IsPresent()).ToList();
        if (still.Count > 0) throw new CommandFailedException($"apt installed, but still missing: {string.Join(", ", still.Select(m => m.Package))}", InstallCommand(still));
    }

    private static async Task RunAptAsync(string[] arguments, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo("/usr/bin/apt-get", arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DEBIAN_FRONTEND"] = "noninteractive";
        using var apt = Process.Start(start) ?? throw new CommandFailedException("apt-get does not start");
        var output = apt.StandardOutput.ReadToEndAsync(cancellation);
        var errors = apt.StandardError.ReadToEndAsync(cancellation);
        await apt.WaitForExitAsync(cancellation);
        await output;
        if (apt.ExitCode != 0)
            throw new CommandFailedException($"apt-get {arguments[0]} failed: {(await errors).Trim().Split('\n')[^1]}", "check the machine's package sources, then run the command again");
    }
}

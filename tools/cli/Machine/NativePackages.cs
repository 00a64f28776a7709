using System.Diagnostics;
using System.Runtime.InteropServices;
using Dapr.Voice.Opus;

namespace Dapr.Voice.Cli.Machine;

/// <summary>Who needs a package. Each needs what those before it need.</summary>
internal enum NativeNeed
{
    /// <summary>A caller: <c>./voice call</c> and <c>./voice load</c>.</summary>
    Call,

    /// <summary><c>./voice up</c>.</summary>
    System,

    /// <summary><c>./voice test</c>.</summary>
    Tests,
}

/// <summary>What the machine must have besides .NET, how to see whether it is there, and the Debian package that brings it.</summary>
/// <param name="WithoutIt">What goes on without the package, and at what cost. Null: nothing does, the package is required.</param>
internal sealed record NativeRequirement(
    string Package, string UsedFor, Func<bool> IsPresent, NativeNeed Need = NativeNeed.System, string? WithoutIt = null)
{
    public static readonly IReadOnlyList<NativeRequirement> All =
    [
        new("libssl3", "DTLS and SRTP (transceiver, call, load)", () => Library("libssl.so.3") && Library("libcrypto.so.3"),
            NativeNeed.Call),
        new("libopus0", "Opus (transceiver, call, load)", () => OpusCodec.IsLibopusInstalled, NativeNeed.Call,
            WithoutIt: "Concentus, which is managed code, takes its place: about twice the CPU time for each call, and 6 MB of garbage a "
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

/// <summary>Installs with apt where this user may, otherwise names the command.</summary>
internal static class NativePackages
{
    public static bool MayInstall => Environment.UserName == "root" && File.Exists("/usr/bin/apt-get");

    public static string InstallCommand(IEnumerable<NativeRequirement> missing)
        => "sudo apt-get update && sudo apt-get install -y " + string.Join(' ', missing.Select(m => m.Package));

    /// <summary>
    /// Installs what is missing, where <paramref name="mayInstall"/> and this user may. A package with a stand-in is then done without, and
    /// <paramref name="say"/> gets its cost; but not for tests, which test the package.
    /// </summary>
    /// <exception cref="CommandFailedException">A required package is still missing. It names the command that installs it.</exception>
    public static async Task EnsureAsync(NativeNeed need, bool mayInstall, Action<string> say, CancellationToken cancellation)
    {
        List<NativeRequirement> missing = [.. NativeRequirement.All.Where(r => r.Need <= need && !r.IsPresent())];
        if (missing.Count == 0) return;
        bool canGoOn = need < NativeNeed.Tests && missing.TrueForAll(m => m.WithoutIt is not null);
        if (!mayInstall || !MayInstall)
        {
            if (!canGoOn) throw new CommandFailedException($"missing: {Names(missing)}", InstallCommand(missing));
            SayWithout(missing, say);
            return;
        }
        try
        {
            say($"installing with apt: {string.Join(' ', missing.Select(m => m.Package))}");
            await RunAptAsync(["update", "-qq"], cancellation);
            await RunAptAsync(["install", "-y", "-qq", "--no-install-recommends", .. missing.Select(m => m.Package)], cancellation);
        }
        catch (CommandFailedException failure) when (canGoOn)
        {
            say(failure.Message);
        }
        List<NativeRequirement> still = [.. missing.Where(m => !m.IsPresent())];
        if (still.Count == 0) return;
        if (!canGoOn) throw new CommandFailedException($"apt installed, but still missing: {Names(still)}", InstallCommand(still));
        SayWithout(still, say);
    }

    private static string Names(IEnumerable<NativeRequirement> missing)
        => string.Join(", ", missing.Select(m => $"{m.Package} ({m.UsedFor})"));

    private static void SayWithout(List<NativeRequirement> missing, Action<string> say)
    {
        foreach (NativeRequirement without in missing)
            say($"warning: {without.Package} is not installed. {without.WithoutIt}. To install it: {InstallCommand([without])}");
    }

    private static async Task RunAptAsync(string[] arguments, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo("/usr/bin/apt-get", arguments) {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DEBIAN_FRONTEND"] = "noninteractive";
        using Process apt = Process.Start(start) ?? throw new CommandFailedException("apt-get does not start");
        Task<string> output = apt.StandardOutput.ReadToEndAsync(cancellation);
        Task<string> errors = apt.StandardError.ReadToEndAsync(cancellation);
        await apt.WaitForExitAsync(cancellation);
        await output;
        if (apt.ExitCode != 0)
            throw new CommandFailedException($"apt-get {arguments[0]} failed: {(await errors).Trim().Split('\n')[^1]}",
                "check the machine's package sources, then run the command again");
    }
}

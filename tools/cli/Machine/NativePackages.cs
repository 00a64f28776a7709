using System.Diagnostics;

namespace Dapr.Voice.Cli.Machine;

/// <summary>Installs packages with apt if the user may do that. Otherwise it names the command.</summary>
internal static class NativePackages
{
    public static bool MayInstall => Environment.UserName == "root" && File.Exists("/usr/bin/apt-get");

    public static string InstallCommand(IEnumerable<NativeRequirement> missing)
        => "sudo apt-get update && sudo apt-get install -y " + string.Join(' ', missing.Select(m => m.Package));

    /// <summary>
    /// Installs the missing packages if <paramref name="mayInstall"/> is set and the user may. If a package that has a substitute cannot be
    /// installed, the command goes on, and <paramref name="say"/> gets a warning with the cost. Tests need every package of the product,
    /// because they test it. They can do without the packages of a suite that is skipped then.
    /// </summary>
    /// <exception cref="CommandFailedException">A required package is still missing. The message names the command that installs
    /// it.</exception>
    public static async Task EnsureAsync(NativeNeed need, bool mayInstall, Action<string> say, CancellationToken cancellation)
    {
        List<NativeRequirement> missing = [.. NativeRequirement.All.Where(r => r.Need <= need && !r.IsPresent())];
        if (missing.Count == 0) return;
        bool canGoOn = missing.TrueForAll(m => m.WithoutIt is not null && (need < NativeNeed.Tests || m.Need >= NativeNeed.Tests));
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

using System.ComponentModel;
using System.Diagnostics;
using Dapr.Voice.TestKit.WholeSystem;

namespace Dapr.Voice.TestKit;

/// <summary>
/// A package from npm that tests run with node. The first question installs it, to <c>.voice/tools</c>. Running it needs no network.
/// </summary>
public sealed class NpmTool
{
    // A suite that waits for the processor time of others may need some minutes for it.
    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(15);

    private readonly string _package;
    private readonly Lazy<string?> _whyNot;

    /// <param name="package">Name and exact version.</param>
    /// <param name="script">Path of the script below <c>node_modules</c>.</param>
    public NpmTool(string name, string package, string script)
    {
        _package = package;
        Folder = Path.Combine(Checkout.Root, ".voice", "tools", name);
        Script = Path.Combine(Folder, "node_modules", script);
        _whyNot = new Lazy<string?>(Install);
    }

    public string Folder { get; }

    public string Script { get; }

    /// <summary>
    /// Why the tool can't run here, or null if it can. A failed installation is a reason to skip and to say why, not to fail.
    /// </summary>
    public string? WhyNot => _whyNot.Value;

    private string? Install()
    {
        if (File.Exists(Script)) return null;
        try
        {
            Directory.CreateDirectory(Folder);
            string[] arguments = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent", "--prefix", Folder, _package];
            ProgramResult npm = Task.Run(() => Programs.RunAsync(
                new ProcessStartInfo("npm", arguments) { WorkingDirectory = Folder }, InstallLimit)).GetAwaiter().GetResult();
            string reason = (npm.Errors + npm.Output).Split('\n', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault()
                ?? $"exit code {npm.ExitCode}";
            return File.Exists(Script) ? null : $"npm can't install {_package}: {reason}";
        }
        catch (TimeoutException)
        {
            return $"npm did not install {_package} within {InstallLimit.TotalSeconds:0} s";
        }
        catch (Win32Exception)
        {
            return $"{_package} needs node and npm on the PATH";
        }
    }
}

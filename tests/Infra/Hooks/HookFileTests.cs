using System.Diagnostics;
using Xunit;

namespace Dapr.Voice.Tests.Infra.Hooks;

/// <summary>The files that azure.yaml names, run by the command that azd uses for them.</summary>
public sealed class HookFileTests
{
    // The first of them builds the hooks; the machine may be busy.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    [Theory]
    [InlineData("preprovision")]
    [InlineData("postprovision")]
    [InlineData("postdeploy")]
    public async Task File_RunAsAzdDoes_StartsItsHook(string hook)
    {
        using var folder = new TemporaryFolder();
        // An az that is signed out: each hook ends with the same words, and nothing outside of this machine is asked.
        string az = Path.Combine(folder.Path, "az");
        await File.WriteAllTextAsync(az, "#!/bin/sh\necho \"$@\" >>\"$0.calls\"\nexit 1\n");
        File.SetUnixFileMode(az, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string file = Checkout.File("infra", "hooks", hook + ".cs");
        var start = new ProcessStartInfo("dotnet", ["run", file])
        { WorkingDirectory = Path.GetDirectoryName(file) };
        start.Environment["PATH"] = folder.Path + ":" + Environment.GetEnvironmentVariable("PATH");
        start.Environment["DOTNET_NOLOGO"] = "1";
        // 'dotnet test' hands these to its children, and MSBuild would take them for its own.
        foreach (string name in start.Environment.Keys.Where(k => k.StartsWith("MSBuild", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(name);
        ProgramResult result = await Programs.RunAsync(start, Limit);
        Assert.True(result.ExitCode == 1, $"exit code {result.ExitCode}: {result.Output}{result.Errors}");
        Assert.StartsWith("voice: the Azure CLI is not signed in\n       -> run 'az login'", result.Errors, StringComparison.Ordinal);
        Assert.Equal(["account show --output none"], await File.ReadAllLinesAsync(az + ".calls"));
    }

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("voice-hooks-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}

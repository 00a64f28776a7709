using System.Diagnostics;
using Xunit;

namespace Dapr.Voice.Tests.Infra.Hooks;

/// <summary>The files that azure.yaml names, run by the command that azd uses for them.</summary>
public sealed class HookFileTests
{
    // The first test builds the hooks, and the machine may be busy.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    [Theory]
    [InlineData("preprovision")]
    [InlineData("postprovision")]
    [InlineData("predeploy")]
    [InlineData("postdeploy")]
    [InlineData("postdown")]
    public async Task File_RunAsAzdDoes_StartsItsHook(string hook)
    {
        using var folder = new TemporaryFolder();
        // This az is signed out, so each hook ends with the same message and asks nothing outside of this machine.
        string az = Path.Combine(folder.Path, "az");
        await File.WriteAllTextAsync(az, "#!/bin/sh\necho \"$@\" >>\"$0.calls\"\nexit 1\n");
        File.SetUnixFileMode(az, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string file = Checkout.File("infra", "hooks", hook + ".cs");
        var start = new ProcessStartInfo("dotnet", ["run", file])
        { WorkingDirectory = Path.GetDirectoryName(file) };
        start.Environment["PATH"] = folder.Path + ":" + Environment.GetEnvironmentVariable("PATH");
        start.Environment["DOTNET_NOLOGO"] = "1";
        // 'dotnet test' passes these variables to its children, and MSBuild would use them.
        foreach (string name in start.Environment.Keys.Where(k => k.StartsWith("MSBuild", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(name);
        ProgramResult result = await Programs.RunAsync(start, Limit);
        Assert.True(result.ExitCode == 1, $"exit code {result.ExitCode}: {result.Output}{result.Errors}");
        Assert.StartsWith("voice: the Azure CLI is not signed in, or not to this subscription\n       -> run 'az login'", result.Errors,
            StringComparison.Ordinal);
        Assert.Equal(["account show --output none"], await File.ReadAllLinesAsync(az + ".calls"));
    }

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("voice-hooks-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}

using System.Diagnostics;
using System.Globalization;
using Dapr.Voice.Native;
using Dapr.Voice.Tests.Integration.DaprContract;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary><c>./voice test</c> in a clone whose only suite starts processes and does not end.</summary>
public sealed class TestCommandTests : IDisposable
{
    // 'dotnet test' calls this target of a project. A child, a grandchild that outlives its parent in a session of its own, and one that
    // ignores SIGTERM.
    private const string Project = """
        <Project>
          <Target Name="Restore" />
          <Target Name="VSTest">
            <Exec Command="sh suite.sh" />
          </Target>
        </Project>
        """;

    private const string Script = """
        sleep 3600 &
        echo $! >>pids
        setsid sh -c 'sleep 3600 & echo $! >>pids'
        sh -c 'trap "" TERM; while :; do sleep 1; done' &
        echo $! >>pids
        echo $$ >>pids
        touch started
        wait
        """;

    private readonly string _clone = Directory.CreateTempSubdirectory("voice-clone-").FullName;

    public void Dispose() => Directory.Delete(_clone, recursive: true);

    [Theory]
    [InlineData(RunningCommand.Interrupt)]
    [InlineData(LibC.SIGTERM)]
    public async Task Test_InterruptedWhileASuiteRuns_LeavesNoProcess(int signal)
    {
        Checkout.EnsureBuilt();
        string suite = Directory.CreateDirectory(Path.Combine(_clone, "tests", "Unit")).FullName;
        await File.WriteAllTextAsync(Path.Combine(suite, "Suite.proj"), Project);
        await File.WriteAllTextAsync(Path.Combine(suite, "suite.sh"), Script);
        var start = new ProcessStartInfo(Checkout.Dotnet, [Checkout.Cli, "test", "unit"]);
        start.Environment["VOICE_ROOT"] = start.Environment["VOICE_HOME"] = _clone;
        using var command = new RunningCommand(start, "test unit");
        await Wait.UntilAsync(() => File.Exists(Path.Combine(suite, "started")), "the suite runs");
        int[] pids = [.. (await File.ReadAllLinesAsync(Path.Combine(suite, "pids")))
            .Select(l => int.Parse(l, CultureInfo.InvariantCulture))];
        Assert.Equal(4, pids.Length);
        Assert.All(pids, pid => Assert.True(IsAlive(pid)));
        RunningCommand.Signal(command.Pid, signal);
        CommandResult result = await command.EndAsync();
        Assert.Equal(130, result.Status);
        Assert.DoesNotContain(pids, IsAlive);
    }

    // A process that has ended and that nobody has asked about yet (Z) runs no more.
    private static bool IsAlive(int pid)
    {
        try
        {
            return !File.ReadAllText($"/proc/{pid}/stat").Split(") ")[^1].StartsWith('Z');
        }
        catch (IOException)
        {
            return false;
        }
    }
}

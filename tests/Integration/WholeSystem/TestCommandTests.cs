using System.Diagnostics;
using System.Globalization;
using Dapr.Voice.Native;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary><c>./voice test</c> in a clone whose suites start processes and do not end.</summary>
public sealed class TestCommandTests : IDisposable
{
    // A solution without projects. Suites that run at the same time are built before they start.
    private const string Solution = "Microsoft Visual Studio Solution File, Format Version 12.00\n";

    // 'dotnet test' calls the target VSTest of a project. The script starts a child, a grandchild that outlives its parent in a session of
    // its own, and one that ignores SIGTERM.
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
    [InlineData(RunningCommand.Interrupt, new[] { "unit" })]
    [InlineData(LibC.SIGTERM, new[] { "integration", "infra" })]
    public async Task Test_InterruptedWhileSuitesRun_LeavesNoProcess(int signal, string[] suites)
    {
        Checkout.EnsureBuilt();
        await File.WriteAllTextAsync(Path.Combine(_clone, "Dapr.Voice.sln"), Solution);
        string[] folders = [.. suites.Select(suite => Path.Combine(_clone, "tests", char.ToUpperInvariant(suite[0]) + suite[1..]))];
        foreach (string folder in folders)
        {
            Directory.CreateDirectory(folder);
            await File.WriteAllTextAsync(Path.Combine(folder, "Suite.proj"), Project);
            await File.WriteAllTextAsync(Path.Combine(folder, "suite.sh"), Script);
        }
        var start = new ProcessStartInfo(Checkout.Dotnet, [Checkout.Cli, "test", .. suites]);
        start.Environment["VOICE_ROOT"] = start.Environment["VOICE_HOME"] = _clone;
        using var command = new RunningCommand(start, "test " + string.Join(' ', suites));
        await Wait.UntilAsync(() => folders.All(folder => File.Exists(Path.Combine(folder, "started"))), "the suites run",
            TimeSpan.FromMinutes(1));
        int[] pids = [.. folders.SelectMany(folder => File.ReadAllLines(Path.Combine(folder, "pids")))
            .Select(l => int.Parse(l, CultureInfo.InvariantCulture))];
        Assert.Equal(4 * suites.Length, pids.Length);
        Assert.All(pids, pid => Assert.True(IsAlive(pid)));
        RunningCommand.Signal(command.Pid, signal);
        CommandResult result = await command.EndAsync();
        Assert.Equal(130, result.Status);
        Assert.DoesNotContain(pids, IsAlive);
    }

    // A process in state Z has ended and waits for its parent to read its exit code.
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

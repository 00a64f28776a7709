using System.CommandLine;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Cli.Running;
using Dapr.Voice.Contracts;
using Dapr.Voice.Native;

namespace Dapr.Voice.Cli.Commands;

/// <summary><c>./voice down</c> stops what <c>up</c> started, and waits until all of it has ended.</summary>
internal static class DownCommand
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static Command Create(Installation installation)
    {
        var json = new Option<bool>("--json") { Description = "Print one JSON object" };
        var command = new Command("down", "Stop what './voice up' started") { json };
        command.OnInvoke(async (result, cancellation) =>
        {
            if (RunState.Load(installation) is not { IsAlive: true } state)
            {
                if (File.Exists(installation.RunFile)) File.Delete(installation.RunFile);
                if (result.GetValue(json)) Output.Json(new JsonObject { ["stopped"] = 0, ["wasRunning"] = false });
                else Console.WriteLine("nothing is running here; './voice up' starts it");
                return ExitCode.Done;
            }
            _ = LibC.kill(state.SupervisorPid, LibC.SIGTERM);
            DateTimeOffset until = DateTimeOffset.UtcNow + Limit;
            while (state.IsAlive && DateTimeOffset.UtcNow < until) await Task.Delay(50, cancellation);
            if (state.IsAlive)
            {
                // The children end with their supervisor (PR_SET_PDEATHSIG).
                _ = LibC.kill(state.SupervisorPid, LibC.SIGKILL);
                Output.Say($"the supervisor did not end within {Limit.TotalSeconds:0} s and was killed");
            }
            if (result.GetValue(json)) Output.Json(new JsonObject { ["stopped"] = state.Processes.Count, ["wasRunning"] = true });
            else Console.WriteLine($"stopped {state.Processes.Count} processes");
            return ExitCode.Done;
        });
        return command;
    }
}

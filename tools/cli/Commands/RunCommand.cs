using System.CommandLine;
using System.Diagnostics;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Cli.Running;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Cli.Commands;

/// <summary>
/// <c>./voice run SERVICE</c> runs one service in the foreground with the settings for a laptop. <c>dapr.yaml</c> starts the services this
/// way. Variables of the environment override the settings.
/// </summary>
internal static class RunCommand
{
    public static Command Create(Installation installation)
    {
        var service = new Argument<string>("service") { Description = "signaling, relay, transceiver or local-agent" };
        var shard = new Option<int>("--shard") { Description = "The transceiver's shard", DefaultValueFactory = _ => 0 };
        var agent = new Option<string>("--agent") { Description = "The default agent", DefaultValueFactory = _ => "local" };
        var command = new Command("run", "Run one service in the foreground (dapr.yaml uses this)") { service, shard, agent };
        command.OnInvoke(async (result, cancellation) =>
        {
            string name = result.GetValue(service)!;
            var options = new UpOptions
            {
                Agent = result.GetValue(agent)!, Transceivers = result.GetValue(shard) + 1, HttpPort = 8080, RelayPort = 3478,
                    Addresses = [], HttpAddress = "127.0.0.1", Apps = [],
                Components = null, UseDevelopmentSidecar = true, Region = "local",
            };
            LocalSecrets.Ensure(installation);
            string wanted = name == "transceiver" ? AppIds.Transceiver(result.GetValue(shard)) : name;
            PlannedProcess planned = new ServicePlan(installation, options, daprd: null).Processes.FirstOrDefault(
                p => p.Name == wanted && p.Name != "sidecar")
                ?? throw new CommandFailedException($"'{name}' is not a service", "give signaling, relay, transceiver or local-agent");
            var start = new ProcessStartInfo(planned.FileName) { WorkingDirectory = installation.Root };
            foreach (string argument in planned.Arguments) start.ArgumentList.Add(argument);
            foreach ((string key, string? value) in planned.Environment)
            {
                // daprd chooses the token. Ours is only for sidecars that we start ourselves.
                if (key != "APP_API_TOKEN") start.Environment.TryAdd(key, value);
            }
            using Process process = Process.Start(start) ?? throw new CommandFailedException($"{name} does not start");
            using CancellationTokenRegistration forward = cancellation.Register(
                () => _ = Native.LibC.kill(process.Id, Native.LibC.SIGTERM));
            await process.WaitForExitAsync(CancellationToken.None);
            // The services use the same table of exit codes.
            return (ExitCode)process.ExitCode;
        });
        return command;
    }
}

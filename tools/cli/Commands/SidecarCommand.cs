using System.CommandLine;
using System.Diagnostics;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Cli.Running;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Cli.Commands;

/// <summary>
/// <c>./voice sidecar</c> gives a service of the user Dapr's API over HTTP and gRPC. If the system runs, the app ids use its stores and
/// topics (<see cref="SidecarAttachment"/>). Otherwise a development sidecar is started for them alone.
/// </summary>
internal static class SidecarCommand
{
    public static Command Create(Installation installation)
    {
        var resources = new Option<string?>("--resources-path") {
            Description = "Folder with Dapr's YAML files (default: that of the running system, or components/local)" };
        var config = new Option<string?>("--config") { Description = "Configuration file" };
        var app = new Option<string[]>("--app") { Description = $"{AppArgument.Description}. Repeat the option for further services: each "
            + "gets a sidecar of its own, and all of them end together", Required = true };
        var alone = new Option<bool>("--alone") { Description = "Start a sidecar even if a system runs, instead of joining it" };
        var command = new Command("sidecar",
            "Give your services a sidecar until Ctrl-C: that of the running system, or one of their own") { resources, config, app,
            alone };
        command.OnInvoke(async (result, cancellation) =>
        {
            AppArgument[] apps = [.. result.GetValue(app)!.Select(AppArgument.Parse)];
            if (apps.CountBy(a => a.Id, StringComparer.Ordinal).FirstOrDefault(a => a.Value > 1).Key is { } twice)
                throw new CommandFailedException($"two apps have the id '{twice}'", "give each --app an id of its own");
            RunState? running = result.GetValue(alone) ? null : RunState.Load(installation) is { IsAlive: true } state ? state : null;
            string used = running?.Components ?? installation.Components;
            string folder = result.GetValue(resources) is { } given ? Path.GetFullPath(given) : used;
            if (running is not null && folder.TrimEnd('/') != used) running = null;
            if (running is not null && apps.FirstOrDefault(a => running.Sidecars.ContainsKey(a.Id)) is { } taken)
                throw new CommandFailedException($"{taken.Id} can't join: the running system has an app with that id, and would "
                    + "send you its calls", "choose another id");
            foreach (AppArgument one in apps)
            {
                PortOwner.EnsureFree($"the sidecar of {one.Id}", one.Sidecar.Http, udp: false, "--app");
                PortOwner.EnsureFree($"gRPC of the sidecar of {one.Id}", one.Sidecar.Grpc, udp: false, "--app");
            }
            return running is not null
                ? await new SidecarAttachment(installation, running, Console.WriteLine).RunAsync(apps, cancellation)
                : await RunAloneAsync(installation, folder, result.GetValue(config), apps);
        });
        return command;
    }

    private static async Task<ExitCode> RunAloneAsync(
        Installation installation, string folder, string? config, IReadOnlyList<AppArgument> apps)
    {
        // Our own components name the secrets file relative to our folder. The components of others are relative to the current folder,
        // as with daprd.
        bool isOurs = folder.TrimEnd('/') == installation.Components;
        if (isOurs) LocalSecrets.Ensure(installation);
        string[] arguments = [installation.Assembly(VoiceProgram.DevSidecar), "--resources-path", folder,
            .. config is null ? Array.Empty<string>() : ["--config", Path.GetFullPath(config)],
            .. apps.SelectMany(a => a.ForDevelopmentSidecar())];
        var start = new ProcessStartInfo(installation.DotnetHost, arguments) {
            WorkingDirectory = isOurs ? installation.WorkingFolder : Environment.CurrentDirectory };
        using Process process = Process.Start(start) ?? throw new CommandFailedException("the development sidecar does not start");
        // The terminal sends Ctrl-C to the whole process group, so the process ends by itself.
        await process.WaitForExitAsync(CancellationToken.None);
        return (ExitCode)process.ExitCode;
    }
}

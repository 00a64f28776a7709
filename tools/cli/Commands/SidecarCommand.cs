using System.CommandLine;
using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Cli.Running;

namespace Dapr.Voice.Cli.Commands;

/// <summary>
/// <c>./voice sidecar</c>: Dapr's HTTP API for whoever builds a service beside ours. Beside a running system the app ids join that system's
/// sidecar process, so that they share its stores and topics; else it runs alone.
/// </summary>
internal static class SidecarCommand
{
    public static Command Create(Installation installation)
    {
        var resources = new Option<string?>("--resources-path") { Description = "Folder with Dapr's YAML (default components/local)" };
        var config = new Option<string?>("--config") { Description = "Configuration file" };
        var app = new Option<string[]>("--app") { Description = "ID=SIDECAR_PORT[,APP_PORT]: you call SIDECAR_PORT, events and calls come to your service at APP_PORT (repeatable)", Required = true };
        var alone = new Option<bool>("--alone") { Description = "Do not join a running system" };
        var command = new Command("sidecar", "Run the development sidecar, or join app ids to that of a running './voice up', until Ctrl-C") { resources, config, app, alone };
        command.SetAction(async (result, cancellation) =>
        {
            string[] apps = result.GetValue(app)!;
            var parsed = apps.Select(AppArgument.Parse).ToList();
            bool ours = Path.GetFullPath(result.GetValue(resources) ?? installation.Components).TrimEnd('/') == installation.Components;
            if (!result.GetValue(alone) && ours && RunState.Load(installation) is { IsAlive: true } state)
            {
                if (parsed.FirstOrDefault(a => state.Sidecars.ContainsKey(a.Id)) is { } taken)
                    throw new CommandFailedException($"{taken.Id} can't join: the running system has an app with that id, and calls to it would reach you", "choose another id");
                if (state.SidecarControlPort is { } control) return await JoinAsync(control, parsed, cancellation);
                if (parsed.Count > 1) throw new CommandFailedException("beside daprd, give one --app at a time", "run the command once for each");
                return await AttachAsync(installation, state, parsed[0], cancellation);
            }
            foreach (var one in parsed) PortOwner.EnsureFree($"the sidecar of {one.Id}", one.SidecarPort, udp: false, "--app");
            // Our own components name the secrets relative to our folder; somebody else's are relative to where they stand, as with daprd.
            if (ours) LocalSecrets.Ensure(installation);
            var start = new ProcessStartInfo(installation.DotnetHost) { WorkingDirectory = ours ? installation.WorkingFolder : Environment.CurrentDirectory };
            start.ArgumentList.Add(installation.Assembly(VoiceProgram.DevSidecar));
            foreach (string argument in new[] { "--resources-path", Path.GetFullPath(result.GetValue(resources) ?? installation.Components) }) start.ArgumentList.Add(argument);
            if (result.GetValue(config) is { } file)
            {
                start.ArgumentList.Add("--config");
                start.ArgumentList.Add(Path.GetFullPath(file));
            }
            foreach (string one in apps)
            {
                start.ArgumentList.Add("--app");
                start.ArgumentList.Add(one);
            }
            using var process = Process.Start(start) ?? throw new CommandFailedException("the development sidecar does not start");
            // Ctrl-C reaches it too: the terminal sends it to the whole group.
            await process.WaitForExitAsync(CancellationToken.None);
            return process.ExitCode;
        });
        return command;
    }

    /// <summary>A sidecar for one app id beside a running system until cancelled: in its development sidecar, or a daprd of its own.</summary>
    public static async Task<int> AttachAsync(Installation installation, RunState state, AppArgument app, CancellationToken cancellation)
    {
        if (state.SidecarControlPort is { } control) return await JoinAsync(control, [app], cancellation);
        var start = new ProcessStartInfo("daprd") { WorkingDirectory = installation.WorkingFolder };
        List<string> arguments =
        [
            "--app-id", app.Id, "--dapr-http-port", app.SidecarPort.ToString(), "--dapr-grpc-port", (app.SidecarPort + 1_000).ToString(), "--dapr-internal-grpc-port", (app.SidecarPort + 1_200).ToString(),
            "--metrics-port", (app.SidecarPort + 1_400).ToString(), "--resources-path", installation.Components, "--config", Path.Combine(installation.Components, "config", "config.yaml"),
            "--dapr-listen-addresses", "127.0.0.1", "--log-level", "warn",
        ];
        if (app.AppPort is { } port) arguments.AddRange(["--app-port", port.ToString(), "--app-protocol", "http"]);
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        using var daprd = Process.Start(start) ?? throw new CommandFailedException("daprd does not start");
        Console.WriteLine($"{app.Id}: http://127.0.0.1:{app.SidecarPort} (daprd)");
        using var forward = cancellation.Register(() => _ = Native.LibC.kill(daprd.Id, Native.LibC.SIGTERM));
        await daprd.WaitForExitAsync(CancellationToken.None);
        return daprd.ExitCode;
    }

    private static async Task<int> JoinAsync(int control, IReadOnlyList<AppArgument> apps, CancellationToken cancellation)
    {
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{control}"), Timeout = TimeSpan.FromSeconds(5) };
        var joined = new List<string>();
        try
        {
            foreach (var app in apps)
            {
                var body = new JsonObject { ["id"] = app.Id, ["httpPort"] = app.SidecarPort };
                if (app.AppPort is { } port) body["appPort"] = port;
                if (Environment.GetEnvironmentVariable("APP_API_TOKEN") is { Length: > 0 } token) body["appApiToken"] = token;
                using var answer = await client.PostAsJsonAsync("/apps", body, cancellation);
                if (!answer.IsSuccessStatusCode)
                    throw new CommandFailedException($"{app.Id} can't join: {await answer.Content.ReadAsStringAsync(cancellation)}", "choose another id or port");
                joined.Add(app.Id);
                Console.WriteLine($"{app.Id}: http://127.0.0.1:{app.SidecarPort} (joined the running system{(app.AppPort is { } p ? $"; delivers to 127.0.0.1:{p}" : "")})");
            }
            Console.WriteLine("Ctrl-C ends it");
            await Task.Delay(Timeout.Infinite, cancellation);
        }
        catch (OperationCanceledException)
        {
            // Asked to end.
        }
        catch (HttpRequestException failure)
        {
            throw new CommandFailedException($"the running system's sidecar does not answer: {failure.Message}", "'./voice down', then './voice up'");
        }
        finally
        {
            foreach (string id in joined)
            {
                try
                {
                    using var answer = await client.DeleteAsync($"/apps/{id}", CancellationToken.None);
                }
                catch (HttpRequestException)
                {
                    // The system ended first.
                }
            }
        }
        return 0;
    }
}

using System.CommandLine;
using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Cli.Running;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Cli.Commands;

/// <summary>
/// <c>./voice sidecar</c> gives a service of the user Dapr's API over HTTP and gRPC. If the system runs, the app ids join its sidecar
/// process, so that they share its stores and topics. Otherwise a development sidecar is started for them alone.
/// </summary>
internal static class SidecarCommand
{
    public static Command Create(Installation installation)
    {
        var resources = new Option<string?>("--resources-path") {
            Description = "Folder with Dapr's YAML files (default: components/local)" };
        var config = new Option<string?>("--config") { Description = "Configuration file" };
        var app = new Option<string[]>("--app") { Description = "ID=SIDECAR_PORT[,APP_PORT]: your service calls SIDECAR_PORT (3500 to "
            + "3999; gRPC: SIDECAR_PORT + 1000), and receives calls and events on APP_PORT (repeatable)", Required = true };
        var alone = new Option<bool>("--alone") { Description = "Start a sidecar even if a system runs, instead of joining it" };
        var command = new Command("sidecar",
            "Give your services a sidecar until Ctrl-C: that of the running system, or one of their own") { resources, config, app,
            alone };
        command.OnInvoke(async (result, cancellation) =>
        {
            List<AppArgument> parsed = [.. result.GetValue(app)!.Select(AppArgument.Parse)];
            bool ours = Path.GetFullPath(result.GetValue(resources) ?? installation.Components).TrimEnd('/') == installation.Components;
            if (!result.GetValue(alone) && ours && RunState.Load(installation) is { IsAlive: true } state)
            {
                if (parsed.FirstOrDefault(a => state.Sidecars.ContainsKey(a.Id)) is { } taken)
                    throw new CommandFailedException($"{taken.Id} can't join: the running system has an app with that id, and would "
                        + "send you its calls", "choose another id");
                if (state.SidecarControlPort is { } control) return await JoinAsync(control, parsed, cancellation);
                if (parsed.Count > 1)
                    throw new CommandFailedException("beside daprd, give one --app at a time", "run the command once for each");
                return await AttachAsync(installation, state, parsed[0], cancellation);
            }
            foreach (AppArgument one in parsed)
            {
                PortOwner.EnsureFree($"the sidecar of {one.Id}", one.Sidecar.Http, udp: false, "--app");
                PortOwner.EnsureFree($"gRPC of the sidecar of {one.Id}", one.Sidecar.Grpc, udp: false, "--app");
            }
            // Our own components name the secrets file relative to our folder. The components of others are relative to the current folder,
            // as with daprd.
            if (ours) LocalSecrets.Ensure(installation);
            var start = new ProcessStartInfo(installation.DotnetHost) {
                WorkingDirectory = ours ? installation.WorkingFolder : Environment.CurrentDirectory };
            start.ArgumentList.Add(installation.Assembly(VoiceProgram.DevSidecar));
            foreach (string argument in new[] { "--resources-path",
                Path.GetFullPath(result.GetValue(resources) ?? installation.Components) }) start.ArgumentList.Add(argument);
            if (result.GetValue(config) is { } file)
            {
                start.ArgumentList.Add("--config");
                start.ArgumentList.Add(Path.GetFullPath(file));
            }
            foreach (AppArgument one in parsed)
            {
                start.ArgumentList.Add("--app");
                start.ArgumentList.Add(one.ToString());
            }
            using Process process = Process.Start(start) ?? throw new CommandFailedException("the development sidecar does not start");
            // The terminal sends Ctrl-C to the whole process group, so the process ends by itself.
            await process.WaitForExitAsync(CancellationToken.None);
            return (ExitCode)process.ExitCode;
        });
        return command;
    }

    /// <summary>
    /// Runs a sidecar for one app id beside a running system, until it is cancelled. The sidecar is part of the development sidecar, or a
    /// daprd of its own.
    /// </summary>
    public static async Task<ExitCode> AttachAsync(
        Installation installation, RunState state, AppArgument app, CancellationToken cancellation)
    {
        if (state.SidecarControlPort is { } control) return await JoinAsync(control, [app], cancellation);
        var start = new ProcessStartInfo("daprd") { WorkingDirectory = installation.WorkingFolder };
        foreach (string argument in DaprdArguments.For(app, installation.Components)) start.ArgumentList.Add(argument);
        using Process daprd = Process.Start(start) ?? throw new CommandFailedException("daprd does not start");
        Console.WriteLine($"{Addresses(app)} (daprd)");
        using CancellationTokenRegistration forward = cancellation.Register(() => _ = Native.LibC.kill(daprd.Id, Native.LibC.SIGTERM));
        await daprd.WaitForExitAsync(CancellationToken.None);
        // This is the code of daprd, which has a table of its own.
        return (ExitCode)daprd.ExitCode;
    }

    /// <summary>
    /// Joins app ids to the running system until it is cancelled. A sidecar process that is restarted has forgotten them. Therefore they
    /// are looked up every second, and missing ones join again.
    /// </summary>
    private static async Task<ExitCode> JoinAsync(int control, IReadOnlyList<AppArgument> apps, CancellationToken cancellation)
    {
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{control}"), Timeout = TimeSpan.FromSeconds(5) };
        if (Environment.GetEnvironmentVariable("DAPR_API_TOKEN") is { Length: > 0 } apiToken)
            client.DefaultRequestHeaders.Add("dapr-api-token", apiToken);
        var joined = new List<AppArgument>();
        try
        {
            foreach (AppArgument app in apps)
            {
                if (await AddAsync(client, app, cancellation) is { } refusal)
                    throw new CommandFailedException($"{app.Id} can't join: {refusal}", "choose another id or port");
                joined.Add(app);
                Console.WriteLine(
                    $"{Addresses(app)} (joined the running system{(app.AppPort is { } port ? $"; delivers to 127.0.0.1:{port}" : "")})");
            }
            Console.WriteLine("Ctrl-C ends it");
            using var ticks = new PeriodicTimer(TimeSpan.FromSeconds(1));
            while (await ticks.WaitForNextTickAsync(cancellation)) await JoinAgainAsync(client, joined, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The user has pressed Ctrl-C.
        }
        catch (HttpRequestException failure)
        {
            throw new CommandFailedException(
                $"the running system's sidecar does not answer: {failure.Message}", "'./voice down', then './voice up'");
        }
        finally
        {
            foreach (AppArgument app in joined)
            {
                try
                {
                    using HttpResponseMessage answer = await client.DeleteAsync($"/apps/{app.Id}", CancellationToken.None);
                }
                catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
                {
                    // The system ended first.
                }
            }
        }
        return ExitCode.Done;
    }

    /// <summary>
    /// Lets the apps join again that the sidecar process does not know. Does nothing if the process does not answer, because it is being
    /// restarted.
    /// </summary>
    private static async Task JoinAgainAsync(HttpClient client, IReadOnlyList<AppArgument> apps, CancellationToken cancellation)
    {
        try
        {
            JsonArray known = await client.GetFromJsonAsync<JsonArray>("/apps", cancellation) ?? [];
            foreach (AppArgument app in apps)
            {
                if (known.Any(k => (string?)k?["id"] == app.Id && (int?)k?["httpPort"] == app.Sidecar.Http)) continue;
                string? refusal = await AddAsync(client, app, cancellation);
                Console.WriteLine(refusal is null ? $"{app.Id}: joined again, because the sidecar process was restarted"
                    : $"{app.Id}: can't join again: {refusal}");
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or JsonException
        || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            // The next tick tries again.
        }
    }

    /// <returns>Null if the app has joined. Otherwise the reason why it may not.</returns>
    private static async Task<string?> AddAsync(HttpClient client, AppArgument app, CancellationToken cancellation)
    {
        var body = new JsonObject { ["id"] = app.Id, ["httpPort"] = app.Sidecar.Http, ["grpcPort"] = app.Sidecar.Grpc };
        if (app.AppPort is { } port) body["appPort"] = port;
        if (Environment.GetEnvironmentVariable("APP_API_TOKEN") is { Length: > 0 } token) body["appApiToken"] = token;
        using HttpResponseMessage answer = await client.PostAsJsonAsync("/apps", body, cancellation);
        return answer.IsSuccessStatusCode ? null : await answer.Content.ReadAsStringAsync(cancellation);
    }

    private static string Addresses(AppArgument app) => $"{app.Id}: http://127.0.0.1:{app.Sidecar.Http}, gRPC 127.0.0.1:{app.Sidecar.Grpc}";
}

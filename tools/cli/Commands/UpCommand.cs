using System.CommandLine;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Calls;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Cli.Running;
using Dapr.Voice.Contracts;
using Spectre.Console;

namespace Dapr.Voice.Cli.Commands;

/// <summary><c>./voice up</c> runs one region on this machine.</summary>
internal static class UpCommand
{
    public static Command Create(Installation installation)
    {
        var agent = new Option<string>("--agent") { Description = "The default agent: local (hears and speaks without a network), echo, "
            + "parrot, or the WebSocket URL of a Realtime backend", DefaultValueFactory = _ => "local" };
        var transceivers = new Option<int>("--transceivers") {
            Description = "The number of transceivers (1 to 16)", DefaultValueFactory = _ => 2 };
        var port = new Option<int>("--port") { Description = "The HTTP port of the page and the API", DefaultValueFactory = _ => 8080 };
        var relayPort = new Option<int>("--relay-port") { Description = "The relay's public port, UDP and TCP",
            DefaultValueFactory = _ => 3478 };
        var address = new Option<string[]>("--address") { Description = "An IPv4 or IPv6 address of this machine for the answers "
            + "(repeatable; default: loopback and the addresses of this machine)", AllowMultipleArgumentsPerToken = false };
        var http = new Option<string>("--http-address") { Description = "The address of the page and the API. 0.0.0.0, or :: for IPv6 "
            + "too, lets phones in your network reach them, but microphones then need HTTPS, and whoever reaches the page gets a key",
            DefaultValueFactory = _ => "127.0.0.1" };
        var edge = new Option<string>("--edge") { Description = "How callers reach the relay: udp, tcp or both. tcp is the shape of "
            + "Container Apps: only TCP between all processes, and each process has exactly the settings of its container",
            DefaultValueFactory = _ => "both" };
        var link = new Option<string?>("--link") {
            Description = "The transport between relay and transceivers: udp or tcp (default: udp; with --edge tcp: tcp)" };
        var plan = new Option<bool>("--plan") {
            Description = "Start nothing; print as JSON what would be started, with the settings of each process" };
        var app = new Option<string[]>("--app") {
            Description = $"A sidecar for a service of yours. {AppArgument.Description}. Repeat the option for further services" };
        var componentsOption = new Option<string?>("--components") {
            Description = "The folder with the Dapr components (default: components/local)" };
        var development = new Option<bool>("--development-sidecar") {
            Description = "Use the development sidecar even if daprd and Redis are available" };
        var region = new Option<string>("--region") { Description = "The name of the region", DefaultValueFactory = _ => "local" };
        var detach = new Option<bool>("--detach") { Description = "Return when the system answers; './voice down' stops it" };
        var json = new Option<bool>("--json") { Description = "Print one JSON object" };
        var install = new Option<bool>("--no-install") { Description = "Never install packages with apt" };
        var supervise = new Option<bool>("--supervise") { Hidden = true };
        var command = new Command("up", "Start one region on this machine: relay, transceivers, signaling, local agent, sidecars")
        { agent, transceivers, port, relayPort, address, http, edge, link, plan, app, componentsOption, development, region, detach, json,
        install, supervise };
        command.OnInvoke(async (result, cancellation) =>
        {
            if (result.GetValue(supervise)) WriteToOwnLog(installation);
            int count = result.GetValue(transceivers);
            if (count is < 1 or > LocalPorts.MaximumShards)
                throw new CommandFailedException(
                    $"--transceivers {count} is out of range", $"give 1 to {LocalPorts.MaximumShards}");
            foreach ((string name, int value) in new[] { ("--port", result.GetValue(port)), ("--relay-port", result.GetValue(relayPort)) })
            {
                if (value is < 1 or > 65_535) throw new CommandFailedException($"{name} {value} is out of range", "give 1 to 65535");
            }
            string chosen = result.GetValue(agent)!;
            if (chosen is not ("local" or "echo" or "parrot")
                && !(Uri.TryCreate(chosen, UriKind.Absolute, out Uri? url) && url.Scheme is "ws" or "wss"))
                throw new CommandFailedException(
                    $"agent '{chosen}' is unknown", "give local, echo, parrot, or the ws:// or wss:// URL of a Realtime backend");
            IPAddress[] addresses = [.. (result.GetValue(address) ?? []).Select(UpArguments.AddressOf).Distinct()];
            foreach (string given in result.GetValue(app) ?? []) AppArgument.Parse(given);
            UpArguments.CheckRegion(result.GetValue(region)!);
            string? components = result.GetValue(componentsOption) is { } folder ? UpArguments.ComponentsIn(folder) : null;
            EdgeKind edgeKind = result.GetValue(edge) switch
            {
                "both" => EdgeKind.Both,
                "udp" => EdgeKind.Udp,
                "tcp" => EdgeKind.Tcp,
                var other => throw new CommandFailedException($"edge '{other}' is unknown", "give --edge udp, tcp or both"),
            };
            int most = ServicePlan.MaximumIngresses / (edgeKind == EdgeKind.Both ? 2 : 1);
            if (addresses.Length > most)
                throw new CommandFailedException(
                    $"{addresses.Length} addresses are too many for --edge {result.GetValue(edge)}", $"give at most {most}");
            LinkKind linkKind = result.GetValue(link) switch
            {
                null => edgeKind == EdgeKind.Tcp ? LinkKind.Tcp : LinkKind.Udp,
                "udp" when edgeKind == EdgeKind.Tcp => throw new CommandFailedException(
                    "--edge tcp has no UDP between its processes", "omit --link, or give --edge both --link udp"),
                "udp" => LinkKind.Udp,
                "tcp" => LinkKind.Tcp,
                var other => throw new CommandFailedException($"link '{other}' is unknown", "give --link udp or tcp"),
            };
            var options = new UpOptions
            {
                Agent = chosen,
                Transceivers = count,
                HttpPort = result.GetValue(port),
                RelayPort = result.GetValue(relayPort),
                Edge = edgeKind,
                Link = linkKind,
                Addresses = addresses,
                HttpAddress = UpArguments.HttpAddressOf(result.GetValue(http)!),
                Apps = result.GetValue(app) ?? [],
                Components = components,
                UseDevelopmentSidecar = result.GetValue(development),
                Region = result.GetValue(region)!,
            };
            bool asJson = result.GetValue(json);
            if (result.GetValue(plan))
            {
                Output.Json(PlanJson(new ServicePlan(installation, options, daprd: null)));
                return ExitCode.Done;
            }
            if (!result.GetValue(supervise) && RunState.Load(installation) is { IsAlive: true } running)
            {
                throw new CommandFailedException(
                    $"already running since {running.StartedAt.ToLocalTime():HH:mm:ss} at {running.Url} (pid {running.SupervisorPid})",
                    "'./voice down' stops it");
            }
            Descriptors.EnsureEnough();
            await NativePackages.EnsureAsync(NativeNeed.System, mayInstall: !result.GetValue(install), Output.Say, cancellation);
            if (DiskSpace.WhyNotWritable(installation.Home) is { } why)
                throw new CommandFailedException($"{installation.Home} can't be written: {why}", "free space there, or set VOICE_HOME to a "
                    + "folder in which you may write");
            string apiKey = LocalSecrets.Ensure(installation);
            string? daprd = options.UseDevelopmentSidecar ? null
                : await FindDaprdAsync(options.Components ?? installation.Components, cancellation);
            var planned = new ServicePlan(installation, options, daprd);
            if (!result.GetValue(supervise)) planned.EnsurePortsAreFree();
            return result.GetValue(detach) && !result.GetValue(supervise)
                ? await DetachAsync(installation, asJson, cancellation)
                : await SuperviseAsync(installation, options, planned, apiKey, asJson, quiet: result.GetValue(supervise), cancellation);
        });
        return command;
    }

    /// <summary>
    /// A supervisor has no terminal. Its lines go to a log that is bounded, and that never fails when the disk is full.
    /// </summary>
    private static void WriteToOwnLog(Installation installation)
    {
        TextWriter log = new LogFile(SupervisorLog(installation)).AsWriter();
        Console.SetOut(log);
        Console.SetError(log);
    }

    /// <summary>
    /// The settings of each process, and separately what the platform adds. The API token is left out, because it changes with each start.
    /// </summary>
    private static JsonObject PlanJson(ServicePlan plan)
    {
        static JsonObject Object(IReadOnlyDictionary<string, string> values)
            => new(values.OrderBy(v => v.Key, StringComparer.Ordinal)
            .Select(v => KeyValuePair.Create(v.Key, (JsonNode?)(v.Key == "APP_API_TOKEN" ? "" : v.Value))));
        return new JsonObject
        {
            ["processes"] = new JsonArray([.. plan.Processes.Select(p => (JsonNode)new JsonObject
            {
                ["name"] = p.Name,
                ["program"] = p.FileName,
                ["arguments"] = new JsonArray([.. p.Arguments.Select(a => (JsonNode)a)]),
                ["environment"] = Object(p.Environment),
                ["platformEnvironment"] = Object(p.PlatformEnvironment),
                ["isClean"] = p.IsClean,
                ["listens"] = p.Listens,
            })]),
        };
    }

    private static async Task<ExitCode> SuperviseAsync(Installation installation, UpOptions options, ServicePlan plan, string apiKey,
        bool asJson, bool quiet, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        var supervisor = new Supervisor(installation, plan, Output.Say);
        RunState State() => new()
        {
            Url = plan.Url,
            CallsUrl = plan.Url + "/v1/realtime/calls",
            ApiKey = apiKey,
            Relay = new RelayAddresses(plan.HasUdp ? plan.RelayEndpoint : null, plan.HasTcp ? plan.RelayEndpoint : null),
            Sidecars = plan.Apps.ToDictionary(a => a.Id, a => a.Sidecar.Http, StringComparer.Ordinal),
            SidecarGrpcPorts = plan.Apps.ToDictionary(a => a.Id, a => a.Sidecar.Grpc, StringComparer.Ordinal),
            SidecarKind = plan.Daprd is null ? "development sidecar" : "daprd",
            SidecarControlPort = plan.Daprd is null ? LocalPorts.SidecarControl.First : null,
            Daprd = plan.Daprd,
            Components = plan.Components,
            AppApiTokens = plan.ForeignAppTokens,
            DefaultAgent = options.Agent,
            Processes = supervisor.Processes(options.Region),
            SupervisorPid = Environment.ProcessId,
            SupervisorStart = ProcessIdentity.StartOf(Environment.ProcessId) ?? 0,
            StartedAt = DateTimeOffset.UtcNow - watch.Elapsed,
        };
        try
        {
            if (!quiet)
                Output.Say($"starting {plan.Processes.Count} processes ({(plan.Daprd is null ? "development sidecar" : "daprd")}) ...");
            await supervisor.StartAsync(cancellation);
            using (var server = ServerAccess.ForCheck(new Uri(plan.Url), apiKey))
                await SelfCheck.RunAsync(server, calls: 2 * options.Transceivers, alsoTcp: plan is { HasUdp: true, HasTcp: true },
                    cancellation);
            RunState state = State();
            state.Save(installation);
            if (asJson) Console.Out.WriteLine(JsonSerializer.Serialize(state, CliJson.Readable.RunState));
            else if (!quiet) Print(state, watch.Elapsed, detached: false);
            await KeepStateAsync(installation, State, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            if (!quiet) Output.Say("stopping ...");
        }
        finally
        {
            await supervisor.DisposeAsync();
            File.Delete(installation.RunFile);
        }
        return ExitCode.Done;
    }

    /// <summary>
    /// Writes run.json again after each change of its processes, until it is cancelled. While the disk is full, the file stays as it was,
    /// and the next look tries again.
    /// </summary>
    private static async Task KeepStateAsync(Installation installation, Func<RunState> state, CancellationToken cancellation)
    {
        IReadOnlyList<RunningProcess> written = [];
        using var looks = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (await looks.WaitForNextTickAsync(cancellation))
        {
            RunState now = state();
            if (now.Processes.SequenceEqual(written)) continue;
            try
            {
                now.Save(installation);
                written = now.Processes;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // './voice doctor' says that the disk is full.
            }
        }
    }

    /// <summary>Starts a supervisor in another process and another session. Returns when the system answers.</summary>
    private static async Task<ExitCode> DetachAsync(Installation installation, bool asJson, CancellationToken cancellation)
    {
        Directory.CreateDirectory(installation.Logs);
        File.Delete(installation.RunFile);
        string log = SupervisorLog(installation), crashLog = CrashLog(installation);
        foreach (string old in new[] { log, crashLog }) File.Delete(old);
        string[] own = [.. Environment.GetCommandLineArgs().Skip(1).Where(a => a is not ("--detach" or "--json")), "--supervise"];
        // setsid: Ctrl-C in this terminal must not reach the supervisor. The shell replaces its standard output, so that a pipe on `up
        // --json` ends with this process. The supervisor writes its own log; what the runtime says when it crashes goes to another file.
        // In the same folder, because the arguments may name others relative to it.
        var start = new ProcessStartInfo("/bin/sh");
        foreach (string argument in new[] { "-c", "umask 077; log=$1; shift; exec setsid \"$@\" >\"$log\" 2>&1 </dev/null", "voice",
            crashLog, installation.DotnetHost, installation.Assembly(VoiceProgram.Cli) }.Concat(own)) start.ArgumentList.Add(argument);
        using Process supervisor = Process.Start(start) ?? throw new CommandFailedException("the supervisor does not start");
        var watch = Stopwatch.StartNew();
        if (!asJson) Output.Say("starting ...");
        while (true)
        {
            if (RunState.Load(installation) is { IsAlive: true } state)
            {
                if (asJson) Console.Out.WriteLine(JsonSerializer.Serialize(state, CliJson.Readable.RunState));
                else Print(state, watch.Elapsed, detached: true);
                return ExitCode.Done;
            }
            if (supervisor.HasExited)
            {
                // The supervisor has written its error as every command does: a line with the problem and a line with the fix.
                string[] lines = [.. new[] { log, crashLog }.Where(File.Exists).SelectMany(f => File.ReadAllLines(f))
                    .Where(l => l.Length > 0)];
                string? message = lines.LastOrDefault(l => l.StartsWith("voice: ", StringComparison.Ordinal))?[7..];
                string? fix = lines.LastOrDefault(l => l.StartsWith("       -> ", StringComparison.Ordinal))?[10..];
                throw new CommandFailedException(
                    message ?? lines.LastOrDefault() ?? "the supervisor ended", fix ?? $"read the logs in {installation.Logs}");
            }
            try
            {
                await Task.Delay(50, cancellation);
            }
            catch (OperationCanceledException)
            {
                supervisor.Kill();
                throw;
            }
        }
    }

    /// <summary>What the supervisor says, for example which process it started again.</summary>
    private static string SupervisorLog(Installation installation) => Path.Combine(installation.Logs, "supervisor.log");

    /// <summary>What the .NET runtime says if the supervisor crashes. It is empty otherwise.</summary>
    private static string CrashLog(Installation installation) => Path.Combine(installation.Logs, "supervisor-crash.log");

    private static void Print(RunState state, TimeSpan took, bool detached)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("process", "listens", "pid", "region");
        foreach (RunningProcess process in state.Processes)
            table.AddRow(process.Name, process.Listens, process.Pid.ToString(), process.Region);
        AnsiConsole.Write(table);
        Console.WriteLine(
            $"Talk to it:   {state.Url}   (up in {took.TotalSeconds:0.0} s; agent: {state.DefaultAgent}; sidecars: {state.SidecarKind})");
        Console.WriteLine($"Call it:      ./voice call --wav samples/wav/what-time-is-it.wav --out answer.wav");
        Console.WriteLine($"API:          POST {state.CallsUrl}   Authorization: Bearer {state.ApiKey}");
        Console.WriteLine(detached ? "Stop it:      ./voice down" : "Stop it:      Ctrl-C");
    }

    /// <summary>Finds the real sidecar. It is used if it is on the PATH and every server that the components name answers.</summary>
    /// <returns>Its path, or null for the development sidecar.</returns>
    private static async Task<string?> FindDaprdAsync(string components, CancellationToken cancellation)
    {
        string? found = Daprd.OnPath();
        if (found is null) return null;
        foreach ((string host, int port) in ComponentServers.In(components))
        {
            try
            {
                using var server = new TcpClient();
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                limit.CancelAfter(TimeSpan.FromSeconds(1));
                await server.ConnectAsync(host, port, limit.Token);
            }
            catch (Exception failure) when (failure is SocketException or OperationCanceledException)
            {
                cancellation.ThrowIfCancellationRequested();
                Output.Say($"daprd is on the PATH, but nothing answers at {host}:{port}, which the components name. The development "
                    + "sidecar is used instead.");
                return null;
            }
        }
        return found;
    }
}

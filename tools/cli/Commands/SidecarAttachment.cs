using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Cli.Running;
using Dapr.Voice.Contracts;
using Dapr.Voice.Native;

namespace Dapr.Voice.Cli.Commands;

/// <summary>
/// Runs sidecars for apps beside a running system, until it is cancelled. They are part of the development sidecar, or a daprd for each
/// app. They use what the running system uses: its daprd and its components.
/// </summary>
/// <param name="say">Gets what a person wants to know: addresses, and that an app has joined again.</param>
/// <param name="daprdLog">Where the lines of daprd go. Null for the terminal.</param>
internal sealed class SidecarAttachment(Installation installation, RunState state, Action<string> say, string? daprdLog = null)
{
    /// <summary>How many looks in a row an app may be refused when it joins again. The ports of the old process are free by then.</summary>
    private const int RefusalsBeforeGivingUp = 5;

    private const int SilencesBeforeSaying = 3;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <returns>The exit code of the first daprd that ends. <see cref="ExitCode.Done"/> for the development sidecar.</returns>
    /// <exception cref="CommandFailedException">An app cannot join, or cannot join again.</exception>
    public Task<ExitCode> RunAsync(IReadOnlyList<AppArgument> apps, CancellationToken cancellation)
        => state.SidecarControlPort is { } control ? JoinAsync(control, apps, cancellation) : RunDaprdAsync(apps, cancellation);

    private async Task<ExitCode> RunDaprdAsync(IReadOnlyList<AppArgument> apps, CancellationToken cancellation)
    {
        string daprd = new[] { state.Daprd, Daprd.OnPath() }.FirstOrDefault(File.Exists) ?? throw new CommandFailedException(
            "the running system uses daprd, and it is no longer there", "put daprd on the PATH, or start the system again");
        using LogFile? log = daprdLog is null ? null : new LogFile(daprdLog);
        var running = new List<Process>();
        try
        {
            foreach (AppArgument app in apps)
            {
                running.Add(StartDaprd(daprd, app, log));
                say($"{Addresses(app)} (daprd)");
            }
            await Task.WhenAny(running.Select(p => p.WaitForExitAsync(cancellation)));
            Process? ended = running.FirstOrDefault(p => p.HasExited);
            foreach (Process other in running.Where(p => !p.HasExited)) _ = LibC.kill(other.Id, LibC.SIGTERM);
            await Task.WhenAll(running.Select(p => p.WaitForExitAsync(CancellationToken.None)));
            // This is the code of daprd, which has a table of its own.
            return (ExitCode)(ended ?? running[0]).ExitCode;
        }
        finally
        {
            foreach (Process process in running)
            {
                if (!process.HasExited) _ = LibC.kill(process.Id, LibC.SIGTERM);
                process.Dispose();
            }
        }
    }

    private Process StartDaprd(string daprd, AppArgument app, LogFile? log)
    {
        var start = new ProcessStartInfo(daprd, DaprdArguments.For(app, state.Components ?? installation.Components))
        {
            WorkingDirectory = installation.WorkingFolder,
            RedirectStandardOutput = log is not null,
            RedirectStandardError = log is not null,
        };
        Process process = Process.Start(start) ?? throw new CommandFailedException("daprd does not start");
        if (log is null) return process;
        void Write(object _, DataReceivedEventArgs line)
        {
            if (line.Data is not null) log.WriteLine(line.Data);
        }
        process.OutputDataReceived += Write;
        process.ErrorDataReceived += Write;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    /// <summary>
    /// Joins app ids to the development sidecar. A process that is restarted has forgotten them. Therefore they are looked up every second,
    /// and missing ones join again.
    /// </summary>
    private async Task<ExitCode> JoinAsync(int control, IReadOnlyList<AppArgument> apps, CancellationToken cancellation)
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
                say($"{Addresses(app)} (joined the running system{(app.AppPort is { } port ? $"; delivers to 127.0.0.1:{port}" : "")})");
            }
            say("Ctrl-C ends it");
            await StayJoinedAsync(client, joined, cancellation);
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

    private async Task StayJoinedAsync(HttpClient client, IReadOnlyList<AppArgument> apps, CancellationToken cancellation)
    {
        int silences = 0, refusals = 0;
        using var looks = new PeriodicTimer(Look);
        while (await looks.WaitForNextTickAsync(cancellation))
        {
            try
            {
                string? refusal = await JoinAgainAsync(client, apps, cancellation);
                silences = 0;
                refusals = refusal is null ? 0 : refusals + 1;
                if (refusals >= RefusalsBeforeGivingUp)
                    throw new CommandFailedException(
                        $"can't join again after a restart of the sidecar: {refusal}", "run the command again");
            }
            catch (Exception failure) when (failure is HttpRequestException or JsonException
            || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
            {
                if (++silences == SilencesBeforeSaying)
                    Output.Say("the sidecar of the running system does not answer; waiting until it is back");
            }
        }
    }

    /// <summary>Lets the apps join again that the sidecar process does not know.</summary>
    /// <returns>Null if all have joined. Otherwise the first reason why not.</returns>
    private async Task<string?> JoinAgainAsync(HttpClient client, IReadOnlyList<AppArgument> apps, CancellationToken cancellation)
    {
        JsonArray known = await client.GetFromJsonAsync<JsonArray>("/apps", cancellation) ?? [];
        string? first = null;
        foreach (AppArgument app in apps)
        {
            if (known.Any(k => (string?)k?["id"] == app.Id && (int?)k?["httpPort"] == app.Sidecar.Http)) continue;
            string? refusal = await AddAsync(client, app, cancellation);
            if (refusal is null) say($"{app.Id}: joined again, because the sidecar process was restarted");
            else first ??= $"{app.Id}: {refusal}";
        }
        return first;
    }

    /// <returns>Null if the app has joined. Otherwise the reason why it may not.</returns>
    private static async Task<string?> AddAsync(HttpClient client, AppArgument app, CancellationToken cancellation)
    {
        var body = new JsonObject { ["id"] = app.Id, ["httpPort"] = app.Sidecar.Http, ["grpcPort"] = app.Sidecar.Grpc };
        if (app.AppPort is { } port) body["appPort"] = port;
        if (app.MaximumConcurrency is { } most) body["appMaxConcurrency"] = most;
        if (Environment.GetEnvironmentVariable("APP_API_TOKEN") is { Length: > 0 } token) body["appApiToken"] = token;
        using HttpResponseMessage answer = await client.PostAsJsonAsync("/apps", body, cancellation);
        if (answer.IsSuccessStatusCode) return null;
        string text = await answer.Content.ReadAsStringAsync(cancellation);
        try
        {
            return (string?)JsonNode.Parse(text)?["error"] ?? text;
        }
        catch (JsonException)
        {
            return text;
        }
    }

    private static string Addresses(AppArgument app) => $"{app.Id}: http://127.0.0.1:{app.Sidecar.Http}, gRPC 127.0.0.1:{app.Sidecar.Grpc}";
}

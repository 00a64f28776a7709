using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Drills.Measures;
using Dapr.Voice.Cli.Machine;

namespace Dapr.Voice.Cli.Drills.Calls;

/// <summary>
/// A call of the unmodified OpenAI Agents SDK in Chromium, in the callers' network. It uses the driver and the page of tests/Browser, so it
/// needs a clone, Chromium and npm.
/// </summary>
internal sealed class PageDriver : IAsyncDisposable
{
    private static readonly TimeSpan CommandLimit = TimeSpan.FromSeconds(60), EndLimit = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly Recorder _recorder;
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode?>> _waiting = new();
    private readonly Task _reading;
    private double _clock;
    private int _lastId;

    private PageDriver(Process process, Recorder recorder)
    {
        (_process, _recorder) = (process, recorder);
        _waiting[0] = new TaskCompletionSource<JsonNode?>(TaskCreationOptions.RunContinuationsAsynchronously);
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        _reading = ReadAsync();
    }

    /// <summary>Why there can be no page here, or null.</summary>
    public static string? WhyNot(Installation installation)
        => installation.IsPublished ? "a published folder has no page of the tests"
            : Find("chromium") is null ? "chromium is not installed (apt-get install chromium)"
            : Find("npm") is null || Find("node") is null ? "npm is not installed (apt-get install npm)" : null;

    /// <param name="enter">The words to put before the driver so that it runs in the callers' network.</param>
    public static async Task<PageDriver> StartAsync(Installation installation, IReadOnlyList<string> enter, string profile, string url,
        string apiKey, Recorder recorder, CancellationToken cancellation)
    {
        string folder = Path.Combine(installation.Root, "tests", "Browser", "driver");
        var settings = new JsonObject
        {
            ["browser"] = "chrome",
            ["executable"] = Find("chromium"),
            ["profile"] = profile,
            ["folders"] = new JsonObject
            {
                ["/page/"] = Path.Combine(installation.Root, "tests", "Browser", "Page"),
                ["/vendor/"] = Path.Combine(installation.Web, "vendor"),
            },
            ["web"] = installation.Web,
        };
        // Like the other callers, it stands for another machine, and its own waits should not be measured.
        string[] command = ["/usr/bin/nice", "-n", "-10", .. enter,
            Find("node")!, Path.Combine(folder, "driver.mjs"), settings.ToJsonString()];
        var start = new ProcessStartInfo(command[0], command[1..]) {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["HOME"] = profile;
        var page = new PageDriver(
            Process.Start(start) ?? throw new CommandFailedException("node does not start"), recorder);
        try
        {
            JsonNode? about = await page._waiting[0].Task.WaitAsync(CommandLimit, cancellation);
            await page.SendAsync(new JsonObject { ["command"] = "open", ["url"] = $"{(string?)about!["origin"]}/page/index.html" });
            await page.CallAsync("scenario.connect", new JsonObject
            {
                ["callsUrl"] = url + "/v1/realtime/calls",
                ["apiKey"] = await EphemeralKeyAsync(url, apiKey, cancellation),
            });
            await page.CallAsync("scenario.hum");
            page._clock = recorder.Now - (double)(await page.CallAsync("scenario.now"))!;
            return page;
        }
        catch (Exception failure) when (failure is TimeoutException or InvalidOperationException or JsonException)
        {
            await page.DisposeAsync();
            throw new CommandFailedException($"the page's call did not begin: {failure.Message}", "give --no-browser to go on without it");
        }
    }

    /// <summary>Records every state that the SDK reported after the first <c>connected</c>, and every error of the page.</summary>
    public async Task CollectAsync()
    {
        JsonArray statuses = (await CallAsync("scenario.statuses"))?.AsArray() ?? [];
        bool isConnected = false;
        foreach (JsonNode? status in statuses)
        {
            string state = (string)status!["status"]!;
            if (isConnected)
                _recorder.Add(new HistoryEntry(_clock + (double)status["at"]!, HistoryKind.Page) { Call = DrillAgent.PageCall,
                    Text = state });
            isConnected |= state == "connected";
        }
        foreach (JsonNode? error in (await CallAsync("scenario.errors"))?.AsArray() ?? [])
            _recorder.Add(new HistoryEntry(_recorder.Now, HistoryKind.Page) { Call = DrillAgent.PageCall, Text = $"error: {error}" });
    }

    public Task HangUpAsync() => CallAsync("scenario.hangUp");

    private Task<JsonNode?> CallAsync(string target, params JsonNode?[] arguments)
        => SendAsync(new JsonObject { ["command"] = "call", ["target"] = target, ["args"] = new JsonArray(arguments) });

    private async Task<JsonNode?> SendAsync(JsonObject request)
    {
        int id = Interlocked.Increment(ref _lastId);
        request["id"] = id;
        var answer = new TaskCompletionSource<JsonNode?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answer;
        // Lines must not mix. Requests are small, so the pipe takes each at once.
        lock (_process)
        {
            _process.StandardInput.WriteLine(request.ToJsonString());
            _process.StandardInput.Flush();
        }
        return await answer.Task.WaitAsync(CommandLimit);
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            JsonNode? answer;
            try
            {
                answer = JsonNode.Parse(line);
            }
            catch (JsonException)
            {
                continue;
            }
            if (answer is null || !_waiting.TryRemove((int)answer["id"]!, out TaskCompletionSource<JsonNode?>? waiting)) continue;
            if (answer["error"] is { } error) waiting.SetException(new InvalidOperationException((string)error!));
            else waiting.SetResult(answer["result"]);
        }
        foreach (TaskCompletionSource<JsonNode?> waiting in _waiting.Values)
            waiting.TrySetException(new InvalidOperationException("the browser's driver has ended"));
    }

    private static async Task<string> EphemeralKeyAsync(string url, string apiKey, CancellationToken cancellation)
    {
        using var client = new HttpClient { BaseAddress = new Uri(url) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
        using HttpResponseMessage answer = await client.PostAsJsonAsync("/v1/realtime/client_secrets", new { }, cancellation);
        answer.EnsureSuccessStatusCode();
        return (string)(await answer.Content.ReadFromJsonAsync<JsonNode>(cancellation))!["value"]!;
    }

    /// <summary>Installs the driver's package, in a network that reaches npm's registry.</summary>
    /// <exception cref="CommandFailedException">npm can't.</exception>
    public static async Task InstallAsync(Installation installation, CancellationToken cancellation)
    {
        string folder = Path.Combine(installation.Root, "tests", "Browser", "driver");
        // npm writes this file last. It is newer than the lock file that npm used.
        var installed = new FileInfo(Path.Combine(folder, "node_modules", ".package-lock.json"));
        if (installed.Exists && installed.LastWriteTimeUtc >= File.GetLastWriteTimeUtc(Path.Combine(folder, "package-lock.json"))) return;
        var start = new ProcessStartInfo(Find("npm")!, ["ci", "--no-audit", "--no-fund"]) {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using Process npm = Process.Start(start) ?? throw new CommandFailedException("npm does not start");
        Task<string> output = npm.StandardOutput.ReadToEndAsync(cancellation), errors = npm.StandardError.ReadToEndAsync(cancellation);
        await npm.WaitForExitAsync(cancellation);
        await output;
        if (npm.ExitCode != 0)
            throw new CommandFailedException($"npm can't install the browser's driver: {(await errors).Trim().Split('\n')[^1]}",
                "give --no-browser to go on without a page");
    }

    private static string? Find(string name)
        => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, name))
        .FirstOrDefault(File.Exists);

    public async ValueTask DisposeAsync()
    {
        try
        {
            // The driver ends its browser when its input ends.
            _process.StandardInput.Close();
            await _process.WaitForExitAsync().WaitAsync(EndLimit);
        }
        catch (Exception failure) when (failure is TimeoutException or IOException)
        {
            _process.Kill(entireProcessTree: true);
        }
        await _reading;
        _process.Dispose();
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dapr.Voice.Tests.Browser.Driving;

/// <summary>
/// One browser behind <c>driver/driver.mjs</c>, in the network of the system under test. Requests and answers are lines of JSON.
/// </summary>
public sealed class BrowserDriver : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan CommandLimit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(3);
    private static readonly SemaphoreSlim Installing = new(1, 1);

    private readonly Process _process;
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode?>> _waiting = new();
    private readonly TaskCompletionSource<JsonNode?> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly Queue<string> _said = [];
    private readonly Task _reading;
    private int _lastId;

    private BrowserDriver(Process process)
    {
        _process = process;
        _waiting[0] = _started;
        process.ErrorDataReceived += (_, line) => Remember(line.Data);
        process.BeginErrorReadLine();
        _reading = ReadAsync();
    }

    /// <summary>The origin of the scenario page. It differs from the origin of the API.</summary>
    public string PageOrigin { get; private set; } = "";

    /// <summary>The origins of the two scripted APIs, each with our own page (driver/scripted.mjs).</summary>
    public IReadOnlyList<string> ScriptedOrigins { get; private set; } = [];

    /// <summary>The version that the browser reports.</summary>
    public string Version { get; private set; } = "";

    /// <param name="enter">The words to put before the driver so that it runs in the network of the system under test.</param>
    /// <param name="profile">A folder of its own.</param>
    internal static async Task<BrowserDriver> StartAsync(
        BrowserKind kind, IReadOnlyList<string> enter, string profile, string? microphone = null)
    {
        string folder = Checkout.File("tests", "Browser", "driver");
        await InstallAsync(folder);
        var settings = new JsonObject
        {
            ["browser"] = kind.Name,
            ["executable"] = Programs.Find(kind.Package),
            ["profile"] = profile,
            ["microphone"] = microphone,
            ["soundServer"] = kind == BrowserKind.Firefox ? Programs.Find("pulseaudio") : null,
            ["folders"] = new JsonObject
            {
                ["/page/"] = Checkout.File("tests", "Browser", "Page"),
                ["/vendor/"] = Checkout.File("web", "vendor"),
                ["/wav/"] = Checkout.File("samples", "wav"),
            },
            ["web"] = Checkout.File("web"),
        };
        string[] command = [.. enter, Programs.Find("node")!, Path.Combine(folder, "driver.mjs"), settings.ToJsonString()];
        var start = new ProcessStartInfo(command[0], command.Skip(1)) {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        // If root runs Firefox, the home folder must belong to root.
        start.Environment["HOME"] = profile;
        var driver = new BrowserDriver(Process.Start(start) ?? throw new InvalidOperationException("node does not start"));
        try
        {
            JsonNode? about = await driver._started.Task.WaitAsync(StartLimit);
            driver.PageOrigin = (string)about!["origin"]!;
            driver.ScriptedOrigins = [.. about["scripted"]!.AsArray().Select(origin => (string)origin!)];
            driver.Version = (string)about["version"]!;
            return driver;
        }
        catch (Exception failure)
        {
            await driver.DisposeAsync();
            throw new InvalidOperationException(
                $"{kind.Package} does not start: {failure.Message} {string.Join(" | ", driver._said)}", failure);
        }
    }

    public Task OpenAsync(string url) => SendAsync(new JsonObject { ["command"] = "open", ["url"] = url });

    public Task<JsonNode?> CallAsync(string target, params JsonNode?[] arguments)
        => SendAsync(new JsonObject { ["command"] = "call", ["target"] = target, ["args"] = new JsonArray(arguments) });

    public Task<JsonNode?> EvaluateAsync(string expression)
        => SendAsync(new JsonObject { ["command"] = "evaluate", ["expression"] = expression });

    public Task ClickAsync(string selector) => SendAsync(new JsonObject { ["command"] = "click", ["selector"] = selector });

    public Task TypeAsync(string selector, string text)
        => SendAsync(new JsonObject { ["command"] = "type", ["selector"] = selector, ["text"] = text });

    /// <param name="key">A name of the UI Events specification, such as <c>Tab</c> or <c>Enter</c>.</param>
    public Task PressAsync(string key) => SendAsync(new JsonObject { ["command"] = "press", ["key"] = key });

    /// <summary>Sets media features of the page, for example <c>prefers-color-scheme</c>.</summary>
    public Task SetMediaAsync(params (string Name, string Value)[] features) => SendAsync(new JsonObject
    {
        ["command"] = "media",
        ["features"] = new JsonArray([.. features.Select(f => new JsonObject { ["name"] = f.Name, ["value"] = f.Value })]),
    });

    /// <summary>Runs a script before the own code of each page that is opened from now on. Null: none.</summary>
    public Task PrepareAsync(string? source) => SendAsync(new JsonObject { ["command"] = "prepare", ["source"] = source });

    /// <summary>Writes what a scripted API answers, and forgets what it was asked.</summary>
    public Task ScriptAsync(int api, JsonNode routes)
        => SendAsync(new JsonObject { ["command"] = "script", ["api"] = api, ["routes"] = routes });

    /// <summary>What a scripted API was asked since its script was written.</summary>
    public async Task<IReadOnlyList<ScriptedRequest>> RequestsAsync(int api)
        => [.. (await SendAsync(new JsonObject { ["command"] = "requests", ["api"] = api }))!.AsArray().Select(r => new ScriptedRequest(
            (string)r!["method"]!, (string)r["path"]!, (string?)r["key"], (string?)r["contentType"]))];

    /// <summary>Evaluates an expression in the page that is the far end of scripted calls.</summary>
    public Task<JsonNode?> FarEndAsync(string expression)
        => SendAsync(new JsonObject { ["command"] = "farEnd", ["expression"] = expression });

    public Task WaitForAsync(string expression, TimeSpan limit)
        => SendAsync(new JsonObject { ["command"] = "waitFor", ["expression"] = expression, ["timeoutMs"] = limit.TotalMilliseconds });

    public Task SetViewportAsync(int width, int height, double scale)
        => SendAsync(new JsonObject { ["command"] = "viewport", ["width"] = width, ["height"] = height, ["scale"] = scale });

    public Task ScreenshotAsync(string path) => SendAsync(new JsonObject { ["command"] = "screenshot", ["path"] = path });

    /// <summary>Errors on the page's console, uncaught exceptions and failed requests since the page was opened.</summary>
    public async Task<IReadOnlyList<string>> ComplaintsAsync()
        => [.. (await SendAsync(new JsonObject { ["command"] = "complaints" }))!.AsArray().Select(c => (string)c!)];

    /// <summary>
    /// Waits until the browser knows that the machine has this address: a call that begins earlier would have no way. The page must use the
    /// microphone, because the browser hides its addresses otherwise.
    /// </summary>
    public async Task WaitForAddressAsync(string address)
    {
        for (int i = 0; i < 40; i++)
        {
            JsonNode? candidates = await EvaluateAsync("""
                (async () => {
                  const peer = new RTCPeerConnection();
                  peer.createDataChannel("");
                  await peer.setLocalDescription();
                  await new Promise((resolve) => setTimeout(resolve, 200));
                  const { sdp } = peer.localDescription;
                  peer.close();
                  return sdp;
                })()
                """);
            if (((string)candidates!).Contains($" {address} ", StringComparison.Ordinal)) return;
            await Task.Delay(250);
        }
        throw new InvalidOperationException($"The browser has not noticed that the machine has {address}.");
    }

    /// <summary>The paths that the page's requests created (201 with Location) since the page was opened.</summary>
    public async Task<IReadOnlyList<string>> CreatedAsync()
        => [.. (await SendAsync(new JsonObject { ["command"] = "created" }))!.AsArray().Select(c => (string)c!)];

    /// <summary>Sends an HTTP request as an app server beside the system would.</summary>
    public async Task<(int Status, string Body)> FetchAsync(string method, string url, string apiKey, JsonNode? body = null)
    {
        var headers = new JsonObject { ["authorization"] = "Bearer " + apiKey };
        if (body is not null) headers["content-type"] = "application/json";
        JsonNode? response = await SendAsync(
            new JsonObject { ["command"] = "fetch", ["method"] = method, ["url"] = url, ["headers"] = headers,
            ["body"] = body?.ToJsonString() });
        return ((int)response!["status"]!, (string)response["body"]!);
    }

    public async ValueTask DisposeAsync()
    {
        // The driver ends its browser when its input ends.
        _process.StandardInput.Close();
        try
        {
            await _process.WaitForExitAsync().WaitAsync(EndLimit);
        }
        catch (TimeoutException)
        {
            _process.Kill(entireProcessTree: true);
        }
        await _reading;
        _process.Dispose();
        _writing.Dispose();
    }

    private static async Task InstallAsync(string folder)
    {
        await Installing.WaitAsync();
        try
        {
            // npm writes this file last. It is newer than the lock file that npm used.
            var installed = new FileInfo(Path.Combine(folder, "node_modules", ".package-lock.json"));
            if (installed.Exists && installed.LastWriteTimeUtc >= File.GetLastWriteTimeUtc(Path.Combine(folder, "package-lock.json")))
                return;
            var install = new ProcessStartInfo(Programs.Find("npm")!, ["ci", "--no-audit", "--no-fund"]) { WorkingDirectory = folder };
            (await Programs.RunAsync(install, InstallLimit)).Succeeded();
        }
        finally
        {
            Installing.Release();
        }
    }

    private async Task<JsonNode?> SendAsync(JsonObject request)
    {
        int id = Interlocked.Increment(ref _lastId);
        request["id"] = id;
        var answer = new TaskCompletionSource<JsonNode?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answer;
        await _writing.WaitAsync();
        try
        {
            await _process.StandardInput.WriteLineAsync(request.ToJsonString());
            await _process.StandardInput.FlushAsync();
        }
        finally
        {
            _writing.Release();
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
                Remember(line);
                continue;
            }
            if (answer is null || !_waiting.TryRemove((int)answer["id"]!, out TaskCompletionSource<JsonNode?>? waiting)) continue;
            if (answer["error"] is { } error) waiting.SetException(new InvalidOperationException((string)error!));
            else waiting.SetResult(answer["result"]);
        }
        foreach (TaskCompletionSource<JsonNode?> waiting in _waiting.Values)
            waiting.TrySetException(new InvalidOperationException("the driver ended: " + string.Join(" | ", _said)));
    }

    private void Remember(string? line)
    {
        if (string.IsNullOrWhiteSpace(line)) return;
        lock (_said)
        {
            _said.Enqueue(line);
            if (_said.Count > 20) _said.Dequeue();
        }
    }
}

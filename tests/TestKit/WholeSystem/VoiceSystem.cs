using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Xunit;

namespace Dapr.Voice.TestKit.WholeSystem;

/// <summary>
/// A place where <c>./voice</c> runs as a user runs it: a home folder of its own, and a network of its own where root can make one.
/// </summary>
public sealed class VoiceSystem : IAsyncDisposable
{
    // The user nobody has this id on every Linux.
    private const int NobodyId = 65534;

    private readonly string? _published;
    private readonly bool _asNobody;

    /// <param name="published">A folder made by <c>./voice publish</c>, which runs instead of the clone.</param>
    /// <param name="asNobody">Run it as a user that can write only to a home folder of its own. This needs root.</param>
    public VoiceSystem(string? published = null, bool asNobody = false)
    {
        Checkout.EnsureBuilt();
        _published = published;
        _asNobody = asNobody;
        Network = NetworkNamespace.TryCreate();
        Home = published is null || asNobody ? Directory.CreateTempSubdirectory("voice-test-").FullName : published;
        if (asNobody) Process.Start("chown", [$"{NobodyId}:{NobodyId}", Home]).WaitForExit();
    }

    public string Home { get; }

    /// <summary>Environment variables of its commands, <c>NAME=value</c>. A published folder does not get them.</summary>
    public IReadOnlyList<string> Variables { get; set; } = [];

    /// <summary>The system's own network, or null if it shares the machine's.</summary>
    public NetworkNamespace? Network { get; }
    public bool HasOwnNetwork => Network is not null;

    /// <summary>The words to put before a command so that it runs in the system's network.</summary>
    public IReadOnlyList<string> Enter => Network?.Enter ?? [];

    public string RunFile => Path.Combine(Home, ".voice", "run.json");

    /// <summary>The answer of <c>up --json</c>.</summary>
    public JsonObject State { get; private set; } = [];
    public string ApiKey => (string)State["apiKey"]!;
    public Uri Url => new((string)State["url"]!);

    /// <summary>The path of a test's file in the home folder.</summary>
    public string FileFor(string name) => Path.Combine(Home, name);

    public async Task<JsonObject> UpAsync(params string[] arguments)
        => State = (await RunAsync(["up", "--detach", "--json", "--development-sidecar", .. arguments])).Succeeded().Json;

    /// <summary>Uses the answer of an <c>up --json</c> that the test ran itself.</summary>
    public void Adopt(JsonObject state) => State = state;

    public async Task<CommandResult> RunAsync(params string[] arguments)
    {
        using RunningCommand command = Start(arguments);
        return await command.EndAsync();
    }

    public RunningCommand Start(params string[] arguments) => StartWith([], arguments);

    /// <param name="wrapper">The commands to run it under: <c>setsid</c>, <c>unshare</c>.</param>
    public RunningCommand StartWith(string[] wrapper, params string[] arguments)
    {
        string[] program = _published is null
            ? ["/usr/bin/env", $"VOICE_ROOT={Checkout.Root}", $"VOICE_HOME={Home}", "VOICE_API_KEY=", .. Variables, Checkout.Dotnet,
            Checkout.Cli]
            : [.. _asNobody ? new[] { "/usr/bin/setpriv", "--reuid", $"{NobodyId}", "--regid", $"{NobodyId}", "--clear-groups",
            "/usr/bin/env", "-i", $"VOICE_HOME={Home}" } : ["/usr/bin/env", "-i"], "PATH=/usr/bin:/bin", Path.Combine(_published, "voice")];
        string[] all = [.. Enter, .. wrapper, .. program, .. arguments];
        return new RunningCommand(new ProcessStartInfo(all[0], all[1..]), string.Join(' ', arguments));
    }

    /// <summary>Runs a call that asks for the time.</summary>
    public Task<CommandResult> CallAsync(params string[] arguments)
        => RunAsync(["call", "--wav", Checkout.Question, "--json", .. arguments]);

    /// <summary>Reads run.json as it is now. A restart of a process changes it.</summary>
    public JsonObject ReadRunFile() => JsonNode.Parse(File.ReadAllText(RunFile))!.AsObject();

    public int PidOf(string process) => (int)ReadRunFile()["processes"]!.AsArray().First(p => (string?)p!["name"] == process)!["pid"]!;

    public int SidecarPort(string app) => (int)State["sidecars"]![app]!;

    public HttpClient NewClient()
    {
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellation) =>
            {
                Socket socket = NewSocket(SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        return new HttpClient(handler) { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(30) };
    }

    /// <summary>Creates a client that calls the public API with the API key.</summary>
    public HttpClient NewApiClient()
    {
        HttpClient client = NewClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ApiKey);
        return client;
    }

    public Socket NewSocket(SocketType type, ProtocolType protocol)
        => Network?.CreateSocket(type, protocol) ?? new Socket(AddressFamily.InterNetwork, type, protocol);

    /// <summary>Calls a method of a service through signaling's sidecar, as another service does.</summary>
    public async Task<JsonObject> InvokeAsync(string app, string method)
    {
        using HttpClient client = NewClient();
        using HttpResponseMessage answer = await client.GetAsync(
            $"http://127.0.0.1:{SidecarPort("signaling")}/v1.0/invoke/{app}/method/{method}");
        string body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{app}/{method}: {answer.StatusCode} {body}");
        return JsonNode.Parse(body)!.AsObject();
    }

    /// <summary>Waits until the session's record has this state, and returns it as Dapr's state API shows it to signaling.</summary>
    public async Task<JsonObject> RecordAsync(string callId, string state)
    {
        using HttpClient client = NewClient();
        JsonObject? record = null;
        await Wait.UntilAsync(async () =>
        {
            using HttpResponseMessage answer = await client.GetAsync(
                $"http://127.0.0.1:{SidecarPort("signaling")}/v1.0/state/sessions/session.{callId}");
            record = answer.StatusCode == HttpStatusCode.OK ? JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.AsObject() : null;
            return (string?)record?["state"] == state;
        }, $"{callId} is {state}");
        return record!;
    }

    /// <summary>Every secret of this system. Each key of a ring is an entry of its own.</summary>
    public IReadOnlyList<string> Secrets()
        => [.. SecretFile().SelectMany(s => ((string)s.Value!).Contains("PRIVATE KEY", StringComparison.Ordinal)
        ? ((string)s.Value!).Split('\n').SkipWhile(l => !l.Contains("PRIVATE KEY", StringComparison.Ordinal)).Skip(1).Take(1)
        : ((string)s.Value!).Split(',').Select(key => key[(key.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()))];

    public string Secret(string name) => (string)SecretFile()[name]!;

    private JsonObject SecretFile() => JsonNode.Parse(File.ReadAllText(Path.Combine(Home, ".voice", "secrets.json")))!.AsObject();

    /// <summary>
    /// The local addresses of the UDP sockets that accept packets from anybody in the system's network. On a shared network, those of other
    /// programs are included.
    /// </summary>
    public IReadOnlyList<(IPAddress Address, int Port)> UdpSockets()
    {
        var sockets = new List<(IPAddress, int)>();
        foreach (string line in File.ReadLines($"/proc/{PidOf("relay")}/net/udp").Skip(1))
        {
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            // State 01 is a connected socket. The C library connects sockets to sort the addresses of a name by route. Nothing is sent.
            if (fields[3] == "01") continue;
            string[] local = fields[1].Split(':');
            sockets.Add((new IPAddress(Convert.ToUInt32(local[0], 16)), Convert.ToInt32(local[1], 16)));
        }
        return sockets;
    }

    /// <summary>The addresses of listening TCP sockets, with IPv6. On a shared network, those of other programs are included.</summary>
    public IReadOnlyList<(IPAddress Address, int Port)> TcpListeners() => ListeningSockets.Of(PidOf("relay"));

    /// <summary>
    /// What a process has written to its log so far. <c>supervisor</c> is the log of <c>up</c> itself. A log begins with its first line.
    /// </summary>
    public string LogOf(string process)
    {
        string path = Path.Combine(Home, ".voice", "logs", process + ".log");
        return File.Exists(path) ? File.ReadAllText(path) : "";
    }

    /// <summary>Waits until a process that was started again is ready.</summary>
    public async Task ReadyAsync(string process)
    {
        int port = process switch { "signaling" => Url.Port, "relay" => 8070, "local-agent" => 8090,
        _ => 8100 + int.Parse(process.Split('-')[1], CultureInfo.InvariantCulture) };
        using HttpClient client = NewClient();
        await Wait.UntilAsync(async () =>
        {
            try
            {
                using HttpResponseMessage answer = await client.GetAsync($"http://127.0.0.1:{port}/readyz");
                return answer.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, $"{process} is ready");
    }

    /// <summary>What is left of the system: processes of its network or of its last run.json, and run.json itself.</summary>
    public IReadOnlyList<string> LeftBehind()
    {
        IReadOnlyList<int> pids = Network?.Processes() ?? [
            .. (State["processes"]?.AsArray() ?? []).Select(p => (int)p!["pid"]!), .. State["supervisorPid"] is { } supervisor
                ? [(int)supervisor] : Array.Empty<int>()];
        var left = new List<string>();
        foreach (int pid in pids)
        {
            try
            {
                string stat = File.ReadAllText($"/proc/{pid}/stat");
                if (stat[(stat.LastIndexOf(')') + 2)..][0] != 'Z')
                    left.Add($"{pid} {File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ')}");
            }
            catch (IOException)
            {
                // The process has ended.
            }
        }
        if (File.Exists(RunFile)) left.Add(RunFile);
        return left;
    }

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(RunFile)) await RunAsync("down");
        Network?.Dispose();
        if (_published is null || _asNobody) Directory.Delete(Home, recursive: true);
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Dapr.Voice.Tests.Interop.Machine;

namespace Dapr.Voice.Tests.Interop.Stacks;

/// <summary>A peer program that runs in the system's network. Peers/README.md describes what it reads and prints. Thread-safe.</summary>
internal sealed class PeerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(20);

    // Browsers and runtimes compute most while they start.
    private static readonly SemaphoreSlim Starting = new(1, 1);

    private readonly Process _process;
    private readonly InteropSystem _system;
    private readonly StreamWriter _log;
    private readonly ConcurrentDictionary<int, PeerCall> _calls = new();
    private readonly TaskCompletionSource<JsonObject> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _reading;
    private int _lastId;

    private PeerProcess(Process process, InteropSystem system, StreamWriter log)
    {
        _process = process;
        _system = system;
        _log = log;
        process.ErrorDataReceived += (_, line) => Log(line.Data);
        process.BeginErrorReadLine();
        _reading = ReadAsync();
    }

    /// <summary>The version of the stack, as the peer prints it.</summary>
    public string Version { get; private set; } = "";

    public static async Task<PeerProcess> StartAsync(Stack stack, InteropSystem system)
    {
        await Starting.WaitAsync();
        try
        {
            return await StartAloneAsync(stack, system);
        }
        finally
        {
            Starting.Release();
        }
    }

    private static async Task<PeerProcess> StartAloneAsync(Stack stack, InteropSystem system)
    {
        string[] command = [.. system.Enter, .. await stack.Command(system)];
        var start = new ProcessStartInfo(command[0], command.Skip(1)) {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        var log = new StreamWriter(TestResults.File(stack.Name.Split('/')[^1] + ".log"));
        var peer = new PeerProcess(Process.Start(start)!, system, log);
        try
        {
            peer.Version = (string)(await peer._ready.Task.WaitAsync(StartLimit))["version"]!;
            return peer;
        }
        catch
        {
            await peer.DisposeAsync();
            throw;
        }
    }

    /// <summary>Calls an agent, and waits until the events channel is open.</summary>
    /// <param name="transport">"udp" or "tcp": the peer does not see the answer's other candidates.</param>
    public async Task<PeerCall> CallAsync(string agent, string transport, bool video = false)
    {
        int id = Interlocked.Increment(ref _lastId);
        var call = new PeerCall(this, id);
        _calls[id] = call;
        call.Send(new JsonObject { ["do"] = "call", ["url"] = _system.CallsUrl, ["key"] = _system.ApiKey, ["agent"] = agent,
            ["transport"] = transport, ["video"] = video });
        await call.ConnectedAsync();
        return call;
    }

    public void Send(JsonObject command)
    {
        lock (_process)
        {
            _process.StandardInput.WriteLine(command.ToJsonString());
            _process.StandardInput.Flush();
        }
    }

    public async ValueTask DisposeAsync()
    {
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
        await _log.DisposeAsync();
    }

    private async Task ReadAsync()
    {
        const string Ended = "the peer has ended; its log is in .voice/test-results/interop";
        try
        {
            while (await _process.StandardOutput.ReadLineAsync() is { } line)
            {
                long at = Stopwatch.GetTimestamp();
                Log(line);
                // A stack may print lines of its own.
                if (!line.StartsWith('{')) continue;
                JsonObject said = JsonNode.Parse(line)!.AsObject();
                if (said["id"] is not { } id) _ready.TrySetResult(said);
                else if (_calls.TryGetValue((int)id, out PeerCall? call)) call.Add(said, at);
            }
        }
        finally
        {
            _ready.TrySetException(new InvalidOperationException(Ended));
            foreach (PeerCall call in _calls.Values)
                call.Add(new JsonObject { ["at"] = "error", ["message"] = Ended }, Stopwatch.GetTimestamp());
        }
    }

    private void Log(string? line)
    {
        if (line is null) return;
        lock (_log)
        {
            _log.WriteLine(line);
            _log.Flush();
        }
    }
}

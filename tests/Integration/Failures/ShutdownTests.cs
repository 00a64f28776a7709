using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Dapr.Voice.Contracts;
using Dapr.Voice.Native;
using Dapr.Voice.Tests.Integration.DaprContract;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.Failures;

/// <summary>However a system ends, nothing of it is left: no process, no port, no run.json.</summary>
[Collection(FailuresCollection.Name)]
public sealed class ShutdownTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly VoiceSystem _voice = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _voice.DisposeAsync().AsTask();

    [Fact]
    public async Task Up_InterruptedByCtrlC_LeavesNothingBehind()
    {
        // The command gets a session of its own, so that the signal reaches the whole process group, as from a terminal.
        using RunningCommand up = _voice.StartWith(
            ["/usr/bin/setsid"], "up", "--development-sidecar", "--agent", "echo", "--transceivers", "1");
        await up.SaysAsync("Stop it:");
        Assert.True(File.Exists(_voice.RunFile));
        RunningCommand.Signal(-up.Pid, RunningCommand.Interrupt);
        CommandResult ended = (await up.EndAsync()).Succeeded();
        output.WriteLine($"Ctrl-C on up: {ended.Error.Trim().Split('\n')[^1]}");
        Assert.DoesNotContain("starting it again", ended.Error, StringComparison.Ordinal);
        Assert.Empty(_voice.LeftBehind());
        (await _voice.RunAsync("doctor")).Succeeded();
    }

    [Fact]
    public async Task Up_InterruptedWhileItStarts_LeavesNothingBehind()
    {
        using RunningCommand up = _voice.StartWith(
            ["/usr/bin/setsid"], "up", "--development-sidecar", "--agent", "echo", "--transceivers", "1");
        await Wait.UntilAsync(() => File.Exists(Path.Combine(_voice.Home, ".voice", "logs", "sidecar.log")), "the first process starts");
        RunningCommand.Signal(-up.Pid, RunningCommand.Interrupt);
        await up.EndAsync();
        Assert.Empty(_voice.LeftBehind());
    }

    [Fact]
    public async Task Supervisor_Killed_TakesItsProcessesWithIt()
    {
        JsonObject state = await _voice.UpAsync("--agent", "echo", "--transceivers", "1");
        RunningCommand.Signal((int)state["supervisorPid"]!, LibC.SIGKILL);
        string[] Left() => [.. _voice.LeftBehind().Where(l => l != _voice.RunFile)];
        await Wait.UntilAsync(() => Left().Length == 0, "the supervisor's processes end with it");

        CommandResult down = (await _voice.RunAsync("down")).Succeeded();
        Assert.Contains("nothing is running here", down.Output, StringComparison.Ordinal);
        Assert.Empty(_voice.LeftBehind());
    }

    [Fact]
    public async Task Up_Detached_GetsNoDescriptorOfItsCaller()
    {
        // As a script does that holds a lock while it starts the system.
        string held = _voice.FileFor("held.lock");
        using RunningCommand up = _voice.StartWith(["/bin/bash", "-c", $"exec 7>{held} 8>{held} 12>{held}; exec \"$@\"", "bash"],
            "up", "--detach", "--json", "--development-sidecar", "--agent", "echo", "--transceivers", "1");
        _voice.Adopt((await up.EndAsync()).Succeeded().Json);
        int[] pids = [(int)_voice.State["supervisorPid"]!, .. _voice.State["processes"]!.AsArray().Select(p => (int)p!["pid"]!)];
        foreach (int pid in pids)
        {
            string?[] open = [.. Directory.GetFiles($"/proc/{pid}/fd").Select(f => new FileInfo(f).LinkTarget)];
            Assert.NotEmpty(open);
            Assert.DoesNotContain(held, open);
        }
    }

    [Fact]
    public async Task Down_OfARunningSystem_EndsCallsAndLeavesNothingBehind()
    {
        await _voice.UpAsync("--agent", "echo", "--transceivers", "1");
        using RunningCommand call = _voice.Start("call", "--wav", Checkout.Question, "--json", "--seconds", "60");
        await call.ConnectedAsync();
        CommandResult down = (await _voice.RunAsync("down", "--json")).Succeeded();
        output.WriteLine($"down in the middle of a call: {down.Output.Trim()} after {down.Took.TotalSeconds:0.0} s");
        Assert.Equal(6, (int)down.Json["stopped"]!);
        CommandResult ended = await call.EndAsync();
        output.WriteLine($"the call: {ended.Json["ended"]}");
        Assert.Equal((1, true), (ended.Status, (bool)ended.Json["cutOff"]!));
        Assert.Contains("ByPeer", (string?)ended.Json["ended"], StringComparison.Ordinal);
        Assert.StartsWith("the other side ended it", (string?)ended.Json["ended"], StringComparison.Ordinal);
        Assert.Empty(_voice.LeftBehind());
    }

    [Fact]
    public async Task Transceiver_OnSigterm_HasGivenItsSlotsBackAndItsRecordSaysSo()
    {
        await _voice.UpAsync("--agent", "echo", "--transceivers", "2");
        using HttpClient client = _voice.NewClient();
        // Signaling's sidecar outlives the transceiver and shows what it wrote.
        async Task<JsonObject?> StateAsync(string key)
        {
            using HttpResponseMessage answer = await client.GetAsync(
                $"http://127.0.0.1:{_voice.SidecarPort("signaling")}/v1.0/state/sessions/{key}");
            return answer.StatusCode == HttpStatusCode.OK ? JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.AsObject() : null;
        }
        async Task<int> OwnedAsync(string incarnation)
        {
            int owned = 0;
            foreach (int slot in Enumerable.Range(0, 64))
                if ((string?)(await StateAsync(StateKeys.Slot("local", slot)))?["incarnation"] == incarnation) owned++;
            return owned;
        }
        string record = StateKeys.Transceiver("local", 1);
        string incarnation = (string)(await StateAsync(record))!["incarnation"]!;
        int before = await OwnedAsync(incarnation);
        Assert.InRange(before, 1, 63);

        using RunningCommand call = _voice.Start("call", "--wav", Checkout.Question, "--json", "--seconds", "60");
        string callId = await call.ConnectedAsync();
        // Both processes are signalled, so that the owner of the call is among them.
        int[] pids = [_voice.PidOf("transceiver-00"), _voice.PidOf("transceiver-01")];
        var took = Stopwatch.StartNew();
        foreach (int pid in pids) RunningCommand.Signal(pid, LibC.SIGTERM);
        await Wait.UntilAsync(() => pids.All(pid => !IsRunning(pid)), "both transceivers end");
        output.WriteLine(
            $"SIGTERM with a call: both transceivers ended after {took.Elapsed.TotalSeconds:0.0} s, {before} slots given back");
        Assert.InRange(took.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));

        Assert.Equal(0, await OwnedAsync(incarnation));
        JsonObject ended = await _voice.RecordAsync(callId, "ended");
        Assert.Equal("drain", (string?)ended["endReason"]);
        // The supervisor has started another process by now, or will. The last record of the old process says that it leaves.
        JsonObject? own = await StateAsync(record);
        Assert.True((string?)own!["incarnation"] != incarnation || (bool)own["draining"]!, own.ToJsonString());
    }

    private static bool IsRunning(int pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..][0] != 'Z';
        }
        catch (IOException)
        {
            return false;
        }
    }
}

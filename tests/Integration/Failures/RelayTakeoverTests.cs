using System.Text.Json.Nodes;
using Dapr.Voice.Native;
using Dapr.Voice.Tests.Integration.DaprContract;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.Failures;

/// <summary>The relay is killed twice in the middle of calls. Another process stands by each time, and takes over the sockets.</summary>
[Collection(FailuresCollection.Name)]
public sealed class RelayTakeoverTests(ITestOutputHelper output)
{
    // The goal is 300 ms at p99. Other work on the machine may hold a process up for longer, but a process that is started takes more than
    // a second and would fail here.
    private const double LongestGapMilliseconds = 1000;

    [Fact]
    public async Task Relay_KilledTwice_TheOneThatStandsByTakesOverAndCallsGoOn()
    {
        await using var voice = new VoiceSystem();
        await voice.UpAsync("--agent", "echo");
        using RunningCommand load = voice.Start("load", "--calls", "10", "--seconds", "30", "--agent", "echo", "--json");
        await load.SaysOnErrorAsync("10 of 10 connected");
        for (int kill = 0; kill < 2; kill++)
        {
            await Wait.UntilAsync(() => voice.LogOf("relay-standby").Split("stands by", StringSplitOptions.None).Length > kill + 1,
                "another process stands by", TimeSpan.FromSeconds(60));
            int relay = voice.PidOf("relay"), standby = voice.PidOf("relay-standby");
            RunningCommand.Signal(relay, LibC.SIGKILL);
            await Wait.UntilAsync(() => voice.PidOf("relay") == standby, "the one that stood by is the relay");
        }
        JsonObject result = (await load.EndAsync()).Succeeded().Json;
        output.WriteLine($"relay killed twice in ten calls: longest gap {result["longestGapMs"]} ms, {result.ToJsonString()}");
        Assert.Equal((10, 0), ((int)result["calls"]!, (int)result["failed"]!));
        Assert.InRange((double)result["longestGapMs"]!, 0, LongestGapMilliseconds);
        (await voice.CallAsync("--agent", "echo", "--seconds", "2")).Succeeded();
    }
}

using System.Text.Json.Nodes;
using Dapr.Voice.Tests.Integration.DaprContract;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>The relay is killed in the middle of calls. The supervisor starts it again, and the calls go on (docs/design.md 7).</summary>
[Collection(WholeSystemCollection.Name)]
public sealed class RelayLossTests(SharedSystem shared, ITestOutputHelper output)
{
    private const double LongestGapMilliseconds = 5000;
    private readonly VoiceSystem _voice = shared.Voice;

    [Fact]
    public async Task Relay_KilledInTheMiddleOfCalls_ComesBackAndAllOfThemGoOn()
    {
        int before = _voice.PidOf("relay");
        using RunningCommand load = _voice.Start("load", "--calls", "20", "--seconds", "16", "--agent", "echo", "--json");
        await Wait.UntilAsync(() => load.ErrorSoFar.Contains("20 of 20 connected", StringComparison.Ordinal), "twenty calls run",
            TimeSpan.FromSeconds(30));
        using RunningCommand call = _voice.Start("call", "--wav", Checkout.Question, "--json", "--agent", "echo", "--seconds", "12");
        string callId = await call.ConnectedAsync();
        RunningCommand.Signal(before, Native.LibC.SIGKILL);
        await Wait.UntilAsync(() => _voice.PidOf("relay") is not 0 and var now && now != before, "the supervisor starts the relay again");

        JsonObject result = (await call.EndAsync()).Succeeded().Json;
        output.WriteLine(
            $"relay killed in the middle of a call: longest gap {result["longestGapMs"]} ms, packets {result["packets"]!.ToJsonString()}, "
            + $"{result["ended"]}");
        Assert.Equal(callId, (string?)result["callId"]);
        Assert.StartsWith("stayed ", (string?)result["ended"], StringComparison.Ordinal);
        Assert.True((double)result["longestGapMs"]! < LongestGapMilliseconds);
        JsonObject others = (await load.EndAsync()).Succeeded().Json;
        output.WriteLine($"twenty calls beside it: longest gap {others["longestGapMs"]} ms");
        Assert.Equal((20, 0), ((int)others["calls"]!, (int)others["failed"]!));
        Assert.True((double)others["longestGapMs"]! < LongestGapMilliseconds);
        JsonObject record = await _voice.RecordAsync(callId, "ended");
        Assert.Equal("client_hangup", (string?)record["endReason"]);
        (await _voice.CallAsync("--agent", "echo", "--seconds", "2")).Succeeded();
    }

    [Fact]
    public async Task RunFile_WhileARestartWaitsAndAfterIt_NamesTheProcessThatRuns()
    {
        // The second restart in a row waits a moment, in which the file says that no relay runs.
        for (int i = 0; i < 2; i++)
        {
            int before = _voice.PidOf("relay");
            RunningCommand.Signal(before, Native.LibC.SIGKILL);
            await Wait.UntilAsync(() => _voice.PidOf("relay") is not 0 and var now && now != before, "run.json names the new relay");
        }
        await _voice.ReadyAsync("relay");
        (await _voice.CallAsync("--agent", "echo", "--seconds", "1")).Succeeded();
    }
}

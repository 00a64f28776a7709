using System.Text.Json.Nodes;
using Dapr.Voice.Native;
using Dapr.Voice.Tests.Integration.DaprContract;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.Failures;

/// <summary>Two relays. One is lost in the middle of calls, or drains, and the calls go on by the other one.</summary>
[Collection(FailuresCollection.Name)]
public sealed class SpareIngressTests(ITestOutputHelper output)
{
    // Without a spare path, calls would be silent until a relay has been started, which takes more than a second, and their clients have
    // been heard again. The goal is half a second.
    private const double LongestGapMilliseconds = 2000;

    [Theory]
    [InlineData(LibC.SIGKILL)]
    [InlineData(LibC.SIGTERM)]
    public async Task Relay_LostOrDrained_CallsGoOnByTheOtherOne(int signal)
    {
        await using var voice = new VoiceSystem();
        await voice.UpAsync("--agent", "echo", "--relays", "2");
        using RunningCommand load = voice.Start("load", "--calls", "5", "--seconds", "25", "--agent", "echo", "--json");
        await load.SaysOnErrorAsync("5 of 5 connected");
        // The one that stands by is stopped first, so that nobody takes over.
        foreach (string process in new[] { "relay-standby", "relay" })
            RunningCommand.Signal(voice.PidOf(process), process == "relay" ? signal : LibC.SIGKILL);
        JsonObject result = (await load.EndAsync()).Succeeded().Json;
        output.WriteLine($"one of two relays gone by signal {signal}: longest gap {result["longestGapMs"]} ms, {result.ToJsonString()}");
        Assert.Equal((5, 0), ((int)result["calls"]!, (int)result["failed"]!));
        Assert.InRange((double)result["longestGapMs"]!, 0, LongestGapMilliseconds);
    }
}

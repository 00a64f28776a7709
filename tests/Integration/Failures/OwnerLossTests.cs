using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.Failures;

/// <summary>The transceiver of a call is killed in the middle of it, and another one continues the call.</summary>
[Collection(FailuresCollection.Name)]
public sealed class OwnerLossTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly VoiceSystem _voice = new();

    public Task InitializeAsync() => _voice.UpAsync("--agent", "echo");

    public Task DisposeAsync() => _voice.DisposeAsync().AsTask();

    [Fact]
    public async Task Owner_Killed_CallGoesOnToItsEnd()
    {
        const int Seconds = 20;
        using RunningCommand call = _voice.Start("call", "--agent", "echo", "--seconds", $"{Seconds}", "--json");
        string callId = await call.ConnectedAsync();
        string owner = (string)(await _voice.RecordAsync(callId, "connected"))["ownerAppId"]!;
        RunningCommand.Signal(_voice.PidOf(owner), Native.LibC.SIGKILL);

        JsonObject result = (await call.EndAsync()).Succeeded().Json;
        JsonObject ended = await _voice.RecordAsync(callId, "ended");
        output.WriteLine($"{owner} was killed; {(string)ended["ownerAppId"]!} ended the call: {(string)ended["endReason"]!}; packets: "
            + $"{result["packets"]!.ToJsonString()}");
        Assert.Equal("client_hangup", (string)ended["endReason"]!);
        Assert.Equal(4, (int)ended["eventSequence"]!);
        // Half of what a call without a loss receives. The gap itself is measured by the drills.
        Assert.InRange((int)result["packets"]!["received"]!, Seconds * 50 / 2, Seconds * 50 * 2);
    }
}

using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.Failures;

/// <summary>The transceiver of a call is killed or drained in the middle of it, and the call goes on.</summary>
[Collection(FailuresCollection.Name)]
public sealed class OwnerLossTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly VoiceSystem _voice = new();

    public Task InitializeAsync() => _voice.UpAsync("--agent", "echo");

    public Task DisposeAsync() => _voice.DisposeAsync().AsTask();

    [Theory]
    [InlineData(Native.LibC.SIGKILL)]
    [InlineData(Native.LibC.SIGTERM)]
    public async Task Owner_KilledOrDrained_CallGoesOnToItsEnd(int signal)
    {
        const int Seconds = 20;
        using RunningCommand call = _voice.Start(
            "call", "--wav", Checkout.Question, "--json", "--agent", "echo", "--seconds", $"{Seconds}");
        string callId = await call.ConnectedAsync();
        string owner = (string)(await _voice.RecordAsync(callId, "connected"))["ownerAppId"]!;
        RunningCommand.Signal(_voice.PidOf(owner), signal);

        JsonObject result = (await call.EndAsync()).Succeeded().Json;
        JsonObject ended = await _voice.RecordAsync(callId, "ended");
        output.WriteLine($"{owner} got signal {signal}; {(string)ended["ownerAppId"]!} ended the call: {(string)ended["endReason"]!}; "
            + $"packets: {result["packets"]!.ToJsonString()}");
        Assert.Equal("client_hangup", (string)ended["endReason"]!);
        Assert.Equal(4, (int)ended["eventSequence"]!);
        // The gap itself is measured by the drills.
        Assert.InRange((int)result["packets"]!["received"]!, Seconds * 50 / 2, Seconds * 50 * 2);
        // A process that is killed may be back before another one has noticed. One that drains hands over.
        if (signal == Native.LibC.SIGTERM) Assert.NotEqual(owner, (string)ended["ownerAppId"]!);
    }
}

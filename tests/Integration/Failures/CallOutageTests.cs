using Dapr.Voice.Native;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.Failures;

/// <summary>
/// All transceivers stand still in the middle of calls. If they were killed, their successors would continue the calls. The commands that
/// measure calls must say that nothing came, and for how long.
/// </summary>
[Collection(FailuresCollection.Name)]
public sealed class CallOutageTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Transceivers_AllStoppedInMidCall_TheOutageIsPrintedAndTheStatusIsNotZero()
    {
        await using var voice = new VoiceSystem();
        await voice.UpAsync("--agent", "echo");
        using RunningCommand whole = voice.Start("call", "--wav", Checkout.Question, "--json", "--agent", "echo", "--seconds", "90");
        using RunningCommand load = voice.Start("load", "--calls", "3", "--seconds", "40", "--agent", "echo", "--json");
        await whole.ConnectedAsync();
        await load.SaysOnErrorAsync("3 of 3 connected");
        // It ends by itself before its consent does.
        using RunningCommand brief = voice.Start("call", "--wav", Checkout.Question, "--agent", "echo", "--seconds", "15");
        await brief.ConnectedAsync();
        int[] transceivers = [voice.PidOf("transceiver-00"), voice.PidOf("transceiver-01")];
        foreach (int transceiver in transceivers) RunningCommand.Signal(transceiver, LibC.SIGSTOP);

        CommandResult ended = await brief.EndAsync();
        output.WriteLine(ended.Output);
        Assert.Equal(1, ended.Status);
        Assert.Matches(@"\(stayed 15 s, but no audio came for the last \d+\.\d s\)", ended.Output);

        CommandResult loaded = await load.EndAsync();
        output.WriteLine(loaded.Output);
        Assert.Equal((1, 3), (loaded.Status, (int)loaded.Json["failed"]!));
        Assert.InRange((double)loaded.Json["longestGapMs"]!, 3000, 90_000);

        CommandResult lost = await whole.EndAsync();
        output.WriteLine(lost.Output);
        Assert.Equal(1, lost.Status);
        Assert.True((bool)lost.Json["cutOff"]!);
        Assert.StartsWith("the connection was lost", (string?)lost.Json["ended"], StringComparison.Ordinal);
        Assert.InRange((double)lost.Json["longestGapMs"]!, 20_000, 90_000);
        foreach (int transceiver in transceivers) RunningCommand.Signal(transceiver, LibC.SIGCONT);
    }
}

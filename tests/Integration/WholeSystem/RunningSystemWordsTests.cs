using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>What commands say when they are used wrongly while a system runs.</summary>
[Collection(WholeSystemCollection.Name)]
public sealed class RunningSystemWordsTests(SharedSystem shared, ITestOutputHelper output)
{
    private readonly VoiceSystem _voice = shared.Voice;

    [Fact]
    public async Task Up_ASecondTime_SaysThatItRuns()
    {
        Say((await _voice.RunAsync("up")).Failed("already running since", "./voice down"));
        Say((await _voice.RunAsync("up", "--detach", "--json")).Failed(_voice.Url.Authority, "./voice down"));
        Assert.True(File.Exists(_voice.RunFile));
    }

    [Fact]
    public async Task Call_WithTheWrongKey_SaysWhichToUse()
        => Say((await _voice.CallAsync("--key", "sk-wrong")).Failed(
        "the server refused the call: 401", "omit --key and VOICE_API_KEY"));

    [Fact]
    public async Task Call_OfAnUnknownAgent_NamesTheAgents()
        => Say((await _voice.CallAsync("--agent", "nobody")).Failed("the server refused the call: 404", "--agent local, echo or parrot"));

    [Fact]
    public async Task Load_OfAnUnknownAgent_SaysWhyAndGivesNoFigures()
    {
        CommandResult load = await _voice.RunAsync("load", "--calls", "2", "--seconds", "1", "--agent", "nobody");
        Assert.Equal(1, load.Status);
        string line = Assert.Single(load.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("2 calls for 1 s: 2 failed; 2 of them: the server refused the call: 404", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_WithAnOutThatCannotBeWritten_SaysSoBeforeItCalls()
        => Say((await _voice.CallAsync("--agent", "echo", "--out", "/nowhere/at/all.wav")).Failed(
        "/nowhere/at/all.wav can't be written", "--out"));

    [Fact]
    public async Task Doctor_BesideTheRunningSystem_NamesIt()
    {
        CommandResult doctor = (await _voice.RunAsync("doctor")).Succeeded();
        Assert.Contains($"running at {_voice.Url.ToString().TrimEnd('/')}", doctor.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sidecar_WithATakenAppId_SaysSo()
        => Say((await _voice.RunAsync("sidecar", "--app", "signaling=3720")).Failed("signaling can't join", "choose another id"));

    private void Say(CommandResult failed)
    {
        foreach (string line in failed.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)) output.WriteLine(line);
    }
}

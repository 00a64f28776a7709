using System.Text.Json.Nodes;
using Dapr.Voice.TestKit.Speech;
using Dapr.Voice.Tests.Integration.WholeSystem;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.Failures;

/// <summary>On a machine without libopus everything runs with Concentus, and the commands say so.</summary>
[Collection(FailuresCollection.Name)]
public sealed class WithoutLibopusTests : IAsyncLifetime
{
    private readonly ITestOutputHelper _output;
    private readonly VoiceSystem _voice = new();
    private readonly string[] _without;
    private readonly string _bait;

    public WithoutLibopusTests(ITestOutputHelper output)
    {
        _output = output;
        // The look-up of Concentus would delete a file of this name in the current folder, because it is not a library.
        string folder = Directory.CreateDirectory(_voice.FileFor("start-here")).FullName;
        _bait = Path.Combine(folder, "libopus.so");
        File.WriteAllText(_bait, "the user's own file");
        _without = Environment.UserName == "root" ? HiddenLibrary.OpusPrefix(folder) : [];
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _voice.DisposeAsync().AsTask();

    [RootFact]
    public async Task Doctor_WithoutLibopus_WarnsOfTheCostAndIsReady()
    {
        JsonNode warning = Assert.Single((await WithoutAsync("doctor", "--json")).Succeeded().Json["warnings"]!.AsArray())!;
        Assert.StartsWith("libopus0", (string?)warning["what"], StringComparison.Ordinal);
        Assert.Contains("Concentus", (string?)warning["cost"], StringComparison.Ordinal);
        Assert.Contains("apt-get install -y libopus0", (string?)warning["fix"], StringComparison.Ordinal);
        CommandResult words = (await WithoutAsync("doctor")).Succeeded();
        Assert.Contains("WARNING  libopus0", words.Output, StringComparison.Ordinal);
        Assert.Contains("Ready", words.Output, StringComparison.Ordinal);
    }

    [RootFact]
    public async Task Call_WithoutTheFileOfLibopus_SpeaksWithConcentus()
    {
        // The whole file is hidden. The call fails because nothing answers at the server's port, and not because a package is missing.
        string[] without = HiddenLibrary.Prefix("libopus.so.0");
        using RunningCommand command = _voice.StartWith(
            without, "call", "--wav", Checkout.Question, "--server", "http://127.0.0.1:9", "--key", "any");
        CommandResult call = (await command.EndAsync()).Failed("nothing answers", "./voice up");
        Assert.Contains("libopus0 is not installed. Concentus", call.Error, StringComparison.Ordinal);
        using RunningCommand asked = _voice.StartWith(without, "doctor", "--json");
        Assert.StartsWith("libopus0", (string?)Assert.Single((await asked.EndAsync()).Json["warnings"]!.AsArray())!["what"],
            StringComparison.Ordinal);
    }

    [RootSpeechFact]
    public async Task UpAndCall_WithoutLibopus_SpeakAndAreHeard()
    {
        CommandResult up =
            (await WithoutAsync("up", "--detach", "--json", "--development-sidecar", "--no-install", "--transceivers", "1")).Succeeded();
        Assert.Contains("libopus0 is not installed. Concentus", up.Error, StringComparison.Ordinal);
        _voice.Adopt(up.Json);
        Assert.Equal("concentus", (string?)(await _voice.InvokeAsync("transceiver-00", "internal/v1/stats"))["opusCodec"]);
        Assert.Contains("Opus is coded by concentus", _voice.LogOf("transceiver-00"), StringComparison.Ordinal);
        Assert.Contains("libopus is not installed", _voice.LogOf("transceiver-00"), StringComparison.Ordinal);

        await AskTheTimeAsync(_without, "concentus");
        // A caller with libopus and a transceiver with Concentus understand each other.
        await AskTheTimeAsync([], "libopus");
        Assert.Equal("the user's own file", File.ReadAllText(_bait));
    }

    private async Task AskTheTimeAsync(string[] wrapper, string codec)
    {
        string heard = _voice.FileFor($"answer-{codec}.wav");
        using RunningCommand command = _voice.StartWith(
            wrapper, "call", "--wav", Checkout.Question, "--agent", "local", "--out", heard, "--json");
        JsonObject call = (await command.EndAsync()).Succeeded().Json;
        Assert.Equal(codec, (string?)call["codec"]);
        JsonNode turn = call["turns"]!.AsArray()[0]!;
        (short[] samples, int rate) = WavFile.Read(heard);
        using var recognizer = new GrammarRecognizer(SpokenAnswers.Grammar);
        string words = recognizer.Recognize(samples, rate);
        _output.WriteLine($"{codec}: said '{turn["said"]}', heard '{turn["heard"]}', recognised '{words}'");
        Assert.Equal("what time is it", ((string?)turn["said"])?.ToLowerInvariant().TrimEnd('?', '.'));
        Assert.StartsWith("it is ", words, StringComparison.Ordinal);
    }

    private async Task<CommandResult> WithoutAsync(params string[] arguments)
    {
        using RunningCommand command = _voice.StartWith(_without, arguments);
        return await command.EndAsync();
    }
}

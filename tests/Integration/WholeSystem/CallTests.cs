using System.Text.Json.Nodes;
using Dapr.Voice.TestKit.Speech;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>What <c>up</c>, <c>call</c> and <c>load</c> promise (docs/design.md 12), from a user's point of view.</summary>
[Collection(WholeSystemCollection.Name)]
public sealed class CallTests(SharedSystem shared, ITestOutputHelper output)
{
    private readonly VoiceSystem _voice = shared.Voice;

    [Fact]
    public void Up_Detached_AnswersWithAllKeys()
    {
        JsonObject state = _voice.State;
        Assert.Equal("http://127.0.0.1:8080", (string?)state["url"]);
        Assert.Equal("http://127.0.0.1:8080/v1/realtime/calls", (string?)state["callsUrl"]);
        Assert.StartsWith("sk-local-", (string?)state["apiKey"], StringComparison.Ordinal);
        Assert.Equal("127.0.0.1:3478", (string?)state["relay"]!["udp"]);
        Assert.True(state["relay"]!.AsObject().ContainsKey("tcp"));
        Assert.Equal(["relay", "signaling", "transceiver-00", "transceiver-01"], state["sidecars"]!.AsObject().Select(s => s.Key).Order());
        JsonArray processes = state["processes"]!.AsArray();
        Assert.Equal(["local-agent", "relay", "relay-standby", "sidecar", "signaling", "transceiver-00", "transceiver-01"],
            processes.Select(p => (string)p!["name"]!).Order());
        // A process that was started again has another pid now.
        Assert.All(_voice.ReadRunFile()["processes"]!.AsArray(), p => Assert.True(Directory.Exists($"/proc/{(int)p!["pid"]!}")));
        Assert.All(processes, p => Assert.Equal("local", (string?)p!["region"]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_voice.RunFile));
    }

    [Fact]
    public async Task Call_OfEcho_IsAnsweredWithAllKeys()
    {
        string heard = _voice.FileFor("echo.wav");
        CommandResult result = (await _voice.CallAsync("--agent", "echo", "--out", heard)).Succeeded();
        JsonObject call = result.Json;
        output.WriteLine(
            $"call of echo: {call["setupMs"]!.ToJsonString()}, RTT {call["rttMs"]} ms, {call["packets"]!.ToJsonString()}, echo "
            + $"{call["echoMs"]?.ToJsonString()}, longest gap {call["longestGapMs"]} ms");
        foreach (string key in new[] { "answer", "ice", "dtls", "channel", "firstAudio" })
            Assert.True((double?)call["setupMs"]![key] > 0, key);
        Assert.True((long)call["packets"]!["sent"]! > 50);
        Assert.True((long)call["packets"]!["received"]! > 50);
        Assert.Equal(0, (long)call["packets"]!["lost"]!);
        Assert.True((double?)call["rttMs"] is > 0 and < 5000);
        Assert.Equal("udp", (string?)call["transport"]);
        // A frame takes 20 ms, and the codec 6.5 ms in each direction. Less is impossible. More than two seconds is no conversation.
        Assert.InRange((double)call["echoMs"]!["p50"]!, 33, 2000);
        Assert.True((double)call["echoMs"]!["p95"]! >= (double)call["echoMs"]!["p50"]!);
        // The echo begins before the question ends, so there is no delay from voice to voice.
        Assert.Null(Assert.Single(call["turns"]!.AsArray())!["voiceToVoiceMs"]);
        Assert.Equal(heard, (string?)call["out"]);
        (short[]? question, int rate) = WavFile.Read(Checkout.Question);
        (short[]? answer, int answerRate) = WavFile.Read(heard);
        Assert.Equal(24_000, answerRate);
        Assert.True(Energy(answer) > 0.3 * Energy(question) * answerRate / rate, "the echo is as loud as the question");
    }

    [SpeechFact]
    public async Task Call_OfLocalAgent_HearsTheQuestionAndAnswersInWords()
    {
        string heard = _voice.FileFor("answer.wav");
        JsonObject call = (await _voice.CallAsync("--agent", "local", "--out", heard)).Succeeded().Json;
        JsonNode turn = call["turns"]!.AsArray()[0]!;
        (short[]? samples, int rate) = WavFile.Read(heard);
        using var recognizer = new GrammarRecognizer(SpokenAnswers.Grammar);
        string words = recognizer.Recognize(samples, rate);
        output.WriteLine(
            $"call of the local agent: said '{turn["said"]}', heard '{turn["heard"]}', recognised '{words}', voice to voice "
            + $"{turn["voiceToVoiceMs"]} ms");
        Assert.Equal("what time is it", ((string?)turn["said"])?.ToLowerInvariant().TrimEnd('?', '.'));
        Assert.StartsWith("it is ", words, StringComparison.Ordinal);
        Assert.True(SpokenAnswers.Agree(Words((string)turn["heard"]!), Words(words)),
            $"the transcript says '{turn["heard"]}', its voice '{words}'");
        Assert.True((double?)turn["voiceToVoiceMs"] > 0);
    }

    [SpeechFact]
    public async Task Call_ThatTheAgentHasNoAnswerTo_Ends()
    {
        CommandResult result = await _voice.RunAsync(
            "call", "--wav", Path.Combine(Checkout.Root, "samples", "wav", "stop.wav"), "--agent", "local", "--json");
        Assert.Equal(1, result.Status);
        JsonObject call = result.Json;
        Assert.False((bool)call["answered"]!);
        Assert.Equal("the agent had nothing to say", (string?)call["ended"]);
        JsonNode turn = Assert.Single(call["turns"]!.AsArray())!;
        Assert.Equal("stop", (string?)turn["said"]);
        Assert.Null(turn["heard"]);
    }

    [Fact]
    public async Task Load_OfTenCalls_LosesNone()
    {
        JsonObject load = (await _voice.RunAsync("load", "--calls", "10", "--seconds", "5", "--agent", "echo", "--json")).Succeeded().Json;
        output.WriteLine($"load of 10 calls: {load.ToJsonString()}");
        Assert.Equal(10, (int)load["calls"]!);
        Assert.Equal(0, (int)load["failed"]!);
        Assert.Empty(load["failures"]!.AsObject());
        Assert.Equal(0, (double)load["lossPercent"]!);
        foreach (string key in new[] { "setupMs.p50", "setupMs.p95", "latenessMs.p50", "latenessMs.p99", "cpuPercentPerSession",
            "sessionsPerCore" })
        {
            JsonNode? value = load;
            foreach (string part in key.Split('.')) value = value?[part];
            Assert.True((double?)value >= 0, key);
        }
    }

    private static double Energy(short[] samples) => samples.Sum(s => (double)s * s);

    private static string Words(string text) => string.Join(' ', text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Letters));

    private static string Letters(string text) => new([.. text.ToLowerInvariant().Where(char.IsAsciiLetter)]);
}

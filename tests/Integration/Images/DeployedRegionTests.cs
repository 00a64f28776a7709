using System.Text.Json.Nodes;
using Dapr.Voice.TestKit.Speech;
using Dapr.Voice.Tests.Integration.WholeSystem;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.Images;

/// <summary>The containers together, as the Bicep deploys one region.</summary>
[Collection(ImageBuilds.CollectionName)]
public sealed class DeployedRegionTests(ImageBuilds builds, ITestOutputHelper output)
{
    [ImageFact(needsSpeech: true)]
    public async Task Region_OfTheImages_AnswersASpokenQuestionOverIceTcp()
    {
        await using DeployedRegion region = await DeployedRegion.StartAsync(builds);
        string heard = region.Outside.FileFor("answer.wav");
        // The key is in the environment, because a test that fails prints its command.
        region.Outside.Variables = [$"VOICE_API_KEY={region.Outside.ApiKey}"];
        CommandResult called = await region.Outside.CallAsync("--server", region.Outside.Url.ToString(), "--out", heard);
        Assert.True(called.Status == 0, $"{called}\n{string.Join('\n', region.Containers.Select(c => $"{c.Key}:\n{c.Value.Said}"))}");
        JsonObject call = called.Json;
        JsonNode turn = call["turns"]!.AsArray()[0]!;
        (short[] samples, int rate) = WavFile.Read(heard);
        using var recognizer = new GrammarRecognizer(SpokenAnswers.Grammar);
        string words = recognizer.Recognize(samples, rate);
        output.WriteLine(
            $"call: {call["transport"]}, set-up {call["setupMs"]!.ToJsonString()}, said '{turn["said"]}', heard '{turn["heard"]}', "
            + $"recognised '{words}'");
        Assert.Equal("tcp", (string?)call["transport"]);
        Assert.Equal("what time is it", ((string?)turn["said"])?.ToLowerInvariant().TrimEnd('?', '.'));
        Assert.StartsWith("it is ", words, StringComparison.Ordinal);
        // Without the package of its Dockerfile the transceiver would go on with managed code.
        foreach (string app in region.Containers.Keys.Where(a => a.StartsWith("transceiver", StringComparison.Ordinal)))
            Assert.Equal("libopus", (string?)(await region.Outside.InvokeAsync(app, "internal/v1/stats"))["opusCodec"]);
    }
}

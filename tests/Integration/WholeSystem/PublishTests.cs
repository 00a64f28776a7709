using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>Runs <c>./voice publish DIR</c>, then a system and a call from DIR with an empty environment.</summary>
[Collection(WholeSystemCollection.Name)]
public sealed class PublishTests(PublishedFolder published, ITestOutputHelper output)
{
    [Fact]
    public async Task Published_WithoutAnSdk_StartsAndAnswersACall()
    {
        await published.MakeAsync();
        string folder = published.Path;
        output.WriteLine(published.Said);
        try
        {
            await using var voice = new VoiceSystem(published: folder);
            JsonObject state = await voice.UpAsync("--agent", "echo");
            string host = Path.Combine(folder, "dotnet", "dotnet");
            foreach (JsonNode? process in state["processes"]!.AsArray())
            {
                int pid = (int)process!["pid"]!;
                // The process that stands by is started last. The programs that start it replace themselves by it.
                await Wait.UntilAsync(() => new FileInfo($"/proc/{pid}/exe").LinkTarget == host, $"{process["name"]} runs in {host}");
                // Nothing of the SDK's folder is mapped into it, either.
                Assert.DoesNotContain("/usr/share/dotnet", await File.ReadAllTextAsync($"/proc/{pid}/maps"), StringComparison.Ordinal);
            }
            using RunningCommand call = voice.Start("call", "--wav", Path.Combine(folder, "samples", "wav", "what-time-is-it.wav"),
                "--json", "--out", voice.FileFor("answer.wav"));
            JsonObject answered = (await call.EndAsync()).Succeeded().Json;
            output.WriteLine(
                $"published: {state["processes"]!.AsArray().Count} processes on {host}; call {answered["setupMs"]!.ToJsonString()}");
            Assert.True((bool)answered["answered"]!);
            (await voice.RunAsync("down")).Succeeded();
            Assert.Empty(voice.LeftBehind());
        }
        finally
        {
            // The other tests get the folder as the command made it.
            Directory.Delete(Path.Combine(folder, ".voice"), recursive: true);
        }
    }
}

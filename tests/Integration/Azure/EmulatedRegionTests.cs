using System.Text.Json.Nodes;
using Dapr.Voice.Tests.Integration.WholeSystem;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.Azure;

/// <summary>The whole system on the store types that a region in Azure uses.</summary>
[Collection(WholeSystemCollection.Name)]
public sealed class EmulatedRegionTests(ITestOutputHelper output)
{
    private static readonly string Components = Path.Combine(Checkout.Root, "components", "azure-emulator");

    [Fact]
    public async Task Up_OnTableAndBlobStorage_AnswersACallAndKeepsItsRecord()
    {
        await using var voice = new VoiceSystem();
        await voice.UpAsync("--components", Components, "--transceivers", "1", "--agent", "echo");
        using RunningCommand call = voice.Start("call", "--wav", Checkout.Question, "--json", "--agent", "echo", "--seconds", "3");
        string callId = await call.ConnectedAsync();
        await voice.RecordAsync(callId, "connected");
        CommandResult result = (await call.EndAsync()).Succeeded();
        Assert.Equal(0, (long)result.Json["packets"]!["lost"]!);
        await voice.RecordAsync(callId, "ended");

        // The form of the ETag shows which store answered.
        using HttpClient client = voice.NewClient();
        using HttpResponseMessage record = await client.GetAsync(
            $"http://127.0.0.1:{voice.SidecarPort("signaling")}/v1.0/state/sessions/session.{callId}");
        string tag = record.Headers.GetValues("ETag").Single();
        output.WriteLine($"call {callId} on Table Storage: set up in {result.Json["setupMs"]!.ToJsonString()} ms, its record's ETag {tag}");
        Assert.StartsWith("W/\"datetime'", tag, StringComparison.Ordinal);

        using HttpResponseMessage metadata = await client.GetAsync($"http://127.0.0.1:{voice.SidecarPort("transceiver-00")}/v1.0/metadata");
        JsonArray components = JsonNode.Parse(await metadata.Content.ReadAsStringAsync())!["components"]!.AsArray();
        Assert.Equal(
            ["checkpoints state.azure.blobstorage", "checkpoints-buddy state.azure.blobstorage", "lifecycle pubsub.redis",
            "secrets secretstores.local.file", "sessions state.azure.tablestorage", "sessions-buddy state.azure.tablestorage"],
            components.Select(c => $"{(string?)c!["name"]} {(string?)c["type"]}").Order(StringComparer.Ordinal));
    }
}

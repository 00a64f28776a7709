using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>The session record in Dapr's state API (docs/design.md 4.4), as a request to a sidecar shows it.</summary>
[Collection(WholeSystemCollection.Name)]
public sealed class SessionRecordTests(SharedSystem shared, ITestOutputHelper output)
{
    private readonly VoiceSystem _voice = shared.Voice;

    [Fact]
    public async Task Record_OfACall_GoesFromCreatedToConnectedToEnded()
    {
        using HttpClient client = _voice.NewApiClient();
        using (HttpResponseMessage answered = await client.PostAsync("/v1/realtime/calls?agent=echo", Offers.Content()))
        {
            string waiting = answered.Headers.Location!.OriginalString.Split('/')[^1];
            JsonObject created = await _voice.RecordAsync(waiting, "created");
            Assert.Equal(waiting, (string?)created["callId"]);
            Assert.Null(created["connectedAt"]);
            using HttpResponseMessage hangup = await client.PostAsync($"/v1/realtime/calls/{waiting}/hangup", null);
            JsonObject refused = await _voice.RecordAsync(waiting, "ended");
            Assert.Equal("api_hangup", (string?)refused["endReason"]);
        }

        using RunningCommand call = _voice.Start("call", "--wav", Checkout.Question, "--json", "--agent", "echo", "--seconds", "4");
        string callId = await call.ConnectedAsync();
        JsonObject connected = await _voice.RecordAsync(callId, "connected");
        Assert.NotNull(connected["connectedAt"]);
        CommandResult result = (await call.EndAsync()).Succeeded();
        Assert.Equal(callId, (string?)result.Json["callId"]);
        JsonObject ended = await _voice.RecordAsync(callId, "ended");
        output.WriteLine(
            $"record of a call: created {connected["createdAt"]}, connected {ended["connectedAt"]}, ended {ended["endedAt"]} for "
            + $"{ended["endReason"]}, statistics {ended["statistics"]?.ToJsonString()}");
        Assert.Equal("client_hangup", (string?)ended["endReason"]);
        Assert.NotNull(ended["endedAt"]);

        foreach (string text in new[] { connected.ToJsonString(), ended.ToJsonString() })
        {
            foreach (string secret in _voice.Secrets()) Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
            Assert.DoesNotContain("ice-pwd", text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("password", text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("v=0", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Logs_AfterACall_HoldNoSecret()
    {
        (await _voice.CallAsync("--agent", "echo", "--seconds", "2")).Succeeded();
        foreach (string log in Directory.EnumerateFiles(Path.Combine(_voice.Home, ".voice", "logs")))
        {
            string text = await File.ReadAllTextAsync(log);
            foreach (string secret in _voice.Secrets())
                Assert.False(text.Contains(secret, StringComparison.Ordinal), $"{log} holds a secret");
            Assert.False(text.Contains("a=ice-pwd", StringComparison.Ordinal), $"{log} holds an SDP");
        }
    }
}

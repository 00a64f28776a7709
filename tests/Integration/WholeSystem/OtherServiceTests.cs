using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>A second service makes, looks up and ends sessions with plain HTTP requests to its own sidecar (docs/design.md 4.7).</summary>
[Collection(WholeSystemCollection.Name)]
public sealed class OtherServiceTests(SharedSystem shared, ITestOutputHelper output)
{
    private const string Sessions = "http://127.0.0.1:3710/v1.0/invoke/signaling/method/internal/v1/sessions";
    private readonly VoiceSystem _voice = shared.Voice;

    [Fact]
    public async Task Service_ThroughItsOwnSidecar_MakesAndEndsASession()
    {
        using RunningCommand sidecar = _voice.Start("sidecar", "--app", "billing=3710");
        await sidecar.SaysAsync("joined the running system");
        using HttpClient client = _voice.NewClient();

        using HttpResponseMessage created = await client.PostAsJsonAsync(
            Sessions, new { offerSdp = Offers.Create(), agent = "parrot", maximumSeconds = 60 });
        JsonObject session = (await created.Content.ReadFromJsonAsync<JsonObject>())!;
        Assert.True(created.StatusCode == HttpStatusCode.Created, session.ToJsonString());
        string callId = (string)session["callId"]!;
        Assert.StartsWith("rtc_local_", callId, StringComparison.Ordinal);
        Assert.StartsWith("v=0", (string?)session["answerSdp"], StringComparison.Ordinal);

        JsonObject found = (await client.GetFromJsonAsync<JsonObject>($"{Sessions}/{callId}"))!;
        Assert.Equal(("created", "parrot", "internal"), ((string?)found["state"], (string?)found["agent"], (string?)found["clientKind"]));
        Assert.Null(found["localUfrag"]);

        using HttpResponseMessage ended = await client.DeleteAsync($"{Sessions}/{callId}");
        Assert.Equal(HttpStatusCode.Accepted, ended.StatusCode);
        JsonObject record = await _voice.RecordAsync(callId, "ended");
        Assert.Equal("api_hangup", (string?)record["endReason"]);
        using HttpResponseMessage again = await client.DeleteAsync($"{Sessions}/{callId}");
        Assert.Equal("already_ended", (string?)(await again.Content.ReadFromJsonAsync<JsonObject>())!["status"]);
        using HttpResponseMessage unknown = await client.DeleteAsync($"{Sessions}/rtc_local_aaaaaaaaaaaaa");
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        output.WriteLine($"a second service made {callId} and ended it for {record["endReason"]}");
    }

    [Fact]
    public async Task InternalApi_WithoutTheAppToken_IsRefused()
    {
        using HttpClient client = _voice.NewApiClient();
        using HttpResponseMessage listed = await client.PostAsJsonAsync("/internal/v1/sessions", new { offerSdp = Offers.Create() });
        Assert.Equal(HttpStatusCode.Unauthorized, listed.StatusCode);
        using var forged = new HttpRequestMessage(HttpMethod.Delete, "/internal/v1/sessions/rtc_local_aaaaaaaaaaaaa") {
            Headers = { { "dapr-api-token", "guess" } } };
        using HttpResponseMessage refused = await client.SendAsync(forged);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        foreach (int port in new[] { 8070, 8100, 8101 })
        {
            using HttpResponseMessage stats = await client.GetAsync($"http://127.0.0.1:{port}/internal/v1/stats");
            Assert.Equal(HttpStatusCode.Unauthorized, stats.StatusCode);
        }
    }
}

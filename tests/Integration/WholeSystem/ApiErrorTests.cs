using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Dapr.Voice.Contracts;
using Dapr.Voice.Signaling.Keys;
using Dapr.Voice.Steering;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>The errors that callers of the public API get from the running system, over the wire.</summary>
[Collection(WholeSystemCollection.Name)]
public sealed class ApiErrorTests(SharedSystem shared)
{
    private const string Calls = "/v1/realtime/calls";
    private readonly VoiceSystem _voice = shared.Voice;

    [Fact]
    public async Task Call_WithAnOversizedOffer_Is413()
        => await RefusedAsync(HttpStatusCode.RequestEntityTooLarge, "request_too_large",
        Offers.Content(Offers.Create() + string.Concat(Enumerable.Repeat("a=x:y\r\n", 20_000))));

    [Fact]
    public async Task Call_WithAnotherContentType_Is415()
        => await RefusedAsync(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type",
        new StringContent(Offers.Create(), Encoding.UTF8, "text/plain"));

    [Theory]
    [InlineData("this is no SDP")]
    [InlineData("v=0\r\n")]
    [InlineData("")]
    public async Task Call_WithABadOffer_Is400WithTheReason(string offer)
    {
        JsonObject error = await RefusedAsync(HttpStatusCode.BadRequest, null, Offers.Content(offer));
        Assert.False(string.IsNullOrEmpty((string?)error["code"]));
        Assert.True(((string?)error["message"])?.Length > 10, error.ToJsonString());
    }

    [Fact]
    public async Task Call_WithoutFingerprint_Is400AndDoesNotRepeatTheOffer()
    {
        string offer = string.Join("\r\n", Offers.Create().Split("\r\n")
            .Where(l => !l.StartsWith("a=fingerprint", StringComparison.Ordinal)));
        JsonObject error = await RefusedAsync(HttpStatusCode.BadRequest, null, Offers.Content(offer));
        Assert.DoesNotContain("cafe", error.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_OfAnUnknownAgent_Is404()
        => await RefusedAsync(HttpStatusCode.NotFound, null, Offers.Content(), query: "?agent=nobody");

    [Fact]
    public async Task Call_WithoutAKey_Is401() => await RefusedAsync(HttpStatusCode.Unauthorized, null, Offers.Content(), key: "");

    [Theory]
    [InlineData("sk-local-wrong")]
    [InlineData("ek_forged.token.here")]
    public async Task Call_WithAWrongKey_Is401(string key)
        => await RefusedAsync(HttpStatusCode.Unauthorized, null, Offers.Content(), key: key);

    [Fact]
    public async Task Call_WithAnExpiredKey_Is401()
    {
        Assert.True(KeyRing.TryParse(_voice.Secret(SecretNames.TokenKeys), out KeyRing? ring, out string? problem), problem);
        string made = new EphemeralKeys(ring!, TimeProvider.System).Issue(
            new EphemeralKey("expired", "local", null, 60, null, DateTimeOffset.UtcNow.AddMinutes(-1)));
        JsonObject error = await RefusedAsync(HttpStatusCode.Unauthorized, null, Offers.Content(), key: made);
        Assert.Contains("expired", error.ToJsonString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Call_WithAnEphemeralKeyOfOurs_IsAnswered()
    {
        using HttpClient client = _voice.NewApiClient();
        using HttpResponseMessage made = await client.PostAsJsonAsync(
            "/v1/realtime/client_secrets", new { session = new { type = "realtime" } });
        string key = (string)(await made.Content.ReadFromJsonAsync<JsonObject>())!["value"]!;
        Assert.StartsWith("ek_", key, StringComparison.Ordinal);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using HttpResponseMessage answered = await client.PostAsync(Calls, Offers.Content());
        Assert.Equal(HttpStatusCode.Created, answered.StatusCode);
        Assert.Equal("application/sdp", answered.Content.Headers.ContentType?.MediaType);
        using HttpResponseMessage ended = await client.PostAsync($"{answered.Headers.Location}/hangup", null);
        Assert.Equal(HttpStatusCode.OK, ended.StatusCode);
    }

    [Fact]
    public async Task Preflight_OfAnotherOrigin_AllowsTheCall()
    {
        using HttpClient client = _voice.NewClient();
        using var request = new HttpRequestMessage(HttpMethod.Options, Calls)
        {
            Headers = { { "Origin", "https://app.example" }, { "Access-Control-Request-Method", "POST" },
                { "Access-Control-Request-Headers", "authorization,content-type" } },
        };
        using HttpResponseMessage answer = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal("*", answer.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Contains("POST", answer.Headers.GetValues("Access-Control-Allow-Methods").Single(), StringComparison.Ordinal);
        Assert.Contains("authorization", answer.Headers.GetValues("Access-Control-Allow-Headers").Single(),
            StringComparison.OrdinalIgnoreCase);
    }

    private async Task<JsonObject> RefusedAsync(
        HttpStatusCode status, string? code, HttpContent content, string query = "", string? key = null)
    {
        using HttpClient client = _voice.NewClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, Calls + query) {
            Content = content, Headers = { { "Origin", "https://app.example" } } };
        if (key is not "") request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + (key ?? _voice.ApiKey));
        using HttpResponseMessage answer = await client.SendAsync(request);
        string body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == status, string.Create(
            CultureInfo.InvariantCulture, $"{(int)answer.StatusCode} instead of {(int)status}: {body}"));
        // Without this header a page cannot read the reason.
        Assert.Equal("*", answer.Headers.GetValues("Access-Control-Allow-Origin").Single());
        JsonObject error = JsonNode.Parse(body)!["error"]!.AsObject();
        if (code is not null) Assert.Equal(code, (string?)error["code"]);
        Assert.False(string.IsNullOrEmpty((string?)error["type"]));
        return error;
    }
}

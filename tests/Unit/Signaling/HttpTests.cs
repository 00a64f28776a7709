using System.Net;
using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.TestKit;
using Dapr.Voice.Tests.Unit.Hosting;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Signaling;

public sealed class HttpTests
{
    private const string Calls = "/v1/realtime/calls";

    [Theory]
    [InlineData("authorization,content-type,x-openai-agents-sdk")]
    [InlineData("authorization,content-type,x-stainless-lang,x-stainless-os,x-stainless-retry-count,openai-beta,api-key,traceparent")]
    public async Task Preflight_OfAClientLibrary_IsAllowedEveryHeaderItAsksFor(string headers)
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync();
        using HttpResponseMessage response = await signaling.SendAsync(HttpMethod.Options, Calls, null, null,
            ("Origin", "https://app.example.com"), ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", headers));

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal("*", Header(response, "Access-Control-Allow-Origin"));
        Assert.Equal("GET,POST,PATCH,DELETE,OPTIONS", Header(response, "Access-Control-Allow-Methods"));
        Assert.Equal(headers, Header(response, "Access-Control-Allow-Headers"));
        Assert.Equal("7200", Header(response, "Access-Control-Max-Age"));
        Assert.Equal("application/sdp", Header(response, "Accept-Post"));
    }

    [Fact]
    public async Task Options_ThatIsNoPreflight_SaysWhatMayBePosted()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync();
        using HttpResponseMessage response = await signaling.SendAsync(HttpMethod.Options, Calls);

        Assert.Equal((HttpStatusCode.NoContent, "application/sdp"), (response.StatusCode, Header(response, "Accept-Post")));
    }

    [Fact]
    public async Task Cors_Answer_ExposesTheHeadersThatClientsRead()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync();
        using HttpResponseMessage response = await signaling.SendAsync(
            HttpMethod.Post, Calls, null, null, ("Origin", "https://app.example.com"));

        Assert.Equal("Location,ETag,Link,Retry-After,Access-Control-Allow-Methods", Header(response, "Access-Control-Expose-Headers"));
    }

    [Theory]
    [InlineData("https://app.example.com", "https://app.example.com")]
    [InlineData("https://evil.example.com", null)]
    public async Task Cors_ConfiguredOrigins_AreNamedAndNoOther(string origin, string? allowed)
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync(
            settings => settings["Signaling:AllowedOrigins:0"] = "https://app.example.com");
        using HttpResponseMessage response = await signaling.SendAsync(HttpMethod.Post, Calls, null, null, ("Origin", origin));

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(allowed, Header(response, "Access-Control-Allow-Origin"));
        Assert.Equal(allowed is null ? null : "Origin", Header(response, "Vary"));
    }

    [Theory]
    [InlineData("GET", "/v1/nothing", 404, "unknown_path")]
    [InlineData("PUT", Calls, 405, "method_not_allowed")]
    public async Task Api_UnknownPathOrMethod_HasTheBodyOfAnError(string method, string path, int status, string code)
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync();
        using HttpResponseMessage response = await signaling.SendAsync(new(method), path);

        Assert.Equal((status, code), ((int)response.StatusCode, await SignalingHarness.CodeAsync(response)));
        Assert.Equal("*", Header(response, "Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task Api_MoreRequestsThanTheBurst_Are429WithRetryAfter()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync(
            settings => (settings["Signaling:RequestsPerSecondPerAddress"], settings["Signaling:RequestBurstPerAddress"]) = ("1", "2"));
        using (await signaling.PostOfferAsync(Offers.Chromium)) { }
        using (await signaling.PostOfferAsync(Offers.Chromium)) { }
        // A bucket that refills by one a second can't hold out against four in a row.
        var rest = new HttpStatusCode[4];
        for (int i = 0; i < rest.Length; i++)
        {
            using HttpResponseMessage response = await signaling.PostOfferAsync(Offers.Chromium);
            rest[i] = response.StatusCode;
            if (response.StatusCode != HttpStatusCode.TooManyRequests) continue;
            Assert.NotNull(response.Headers.RetryAfter);
            Assert.NotNull(Header(response, "retry-after-ms"));
            Assert.Equal("rate_limit_exceeded", await SignalingHarness.CodeAsync(response));
            Assert.Equal("*", Header(response, "Access-Control-Allow-Origin"));
        }
        Assert.Contains(HttpStatusCode.TooManyRequests, rest);
    }

    [Fact]
    public async Task Status_OfACall_HasNoTransportFactsAndForItsCallerNoneOfTheFleet()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync();
        string key = await signaling.EphemeralKeyAsync();
        string callId = await signaling.CallAsync(key);
        using HttpResponseMessage forbidden = await signaling.SendAsync(
            HttpMethod.Get, $"{Calls}/{callId}", null, await signaling.EphemeralKeyAsync());
        using HttpResponseMessage own = await signaling.SendAsync(HttpMethod.Get, $"{Calls}/{callId}", null, key);
        JsonElement seen = await SignalingHarness.JsonAsync(own);
        using HttpResponseMessage response = await signaling.SendAsync(HttpMethod.Get, $"{Calls}/{callId}", null, FakeSecretStore.ApiKey);
        JsonElement status = await SignalingHarness.JsonAsync(response);

        Assert.Equal(HttpStatusCode.Forbidden, forbidden.StatusCode);
        Assert.Equal((callId, "created"), (seen.GetProperty("callId").GetString(), seen.GetProperty("state").GetString()));
        Assert.False(seen.TryGetProperty("owner", out _) || seen.TryGetProperty("slot", out _)
            || seen.TryGetProperty("statistics", out _));
        Assert.Equal((callId, "created", "local", SignalingHarness.Owner),
            (status.GetProperty("callId").GetString(), status.GetProperty("state").GetString(), status.GetProperty("agent").GetString(),
            status.GetProperty("owner").GetString()));
        Assert.DoesNotContain(signaling.Record(callId)!.LocalUfrag, status.GetRawText());
    }

    [Fact]
    public async Task Health_OwnerWithRoomAndKeys_IsReady()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync();
        using HttpResponseMessage live = await signaling.Http.GetAsync("/healthz"), ready = await signaling.Http.GetAsync("/readyz");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (live.StatusCode, ready.StatusCode));
    }

    [Fact]
    public async Task Health_NoOwner_IsLiveAndNotReady()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync(withOwner: false);
        using HttpResponseMessage live = await signaling.Http.GetAsync("/healthz"), ready = await signaling.Http.GetAsync("/readyz");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable), (live.StatusCode, ready.StatusCode));
        Assert.Contains("no transceiver owns a slot", await ready.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Health_StoreAwayForLong_IsNotReady()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync();
        signaling.Store.IsAway = true;
        signaling.Time.Advance(TimeSpan.FromSeconds(6));
        await signaling.RefreshAsync();
        using HttpResponseMessage ready = await signaling.Http.GetAsync("/readyz");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
    }

    [Theory]
    [InlineData(null, SignalingHarness.AppToken)]
    [InlineData("wrong", SignalingHarness.AppToken)]
    [InlineData("anything", null)]
    public async Task Internal_WithoutTheRightToken_Is401(string? sent, string? configured)
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync(appToken: configured);
        (string, string)[] headers = sent is null ? [] : [("dapr-api-token", sent)];
        foreach ((HttpMethod method, string path) in ((HttpMethod, string)[])[
            (HttpMethod.Post, ""), (HttpMethod.Get, "/rtc_local_aaaaaaaaaaaaa"), (HttpMethod.Delete, "/rtc_local_aaaaaaaaaaaaa")])
        {
            using HttpResponseMessage response = await signaling.SendAsync(
                method, "/internal/v1/sessions" + path, null, FakeSecretStore.ApiKey, headers);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }
    }

    [Fact]
    public async Task Internal_CreateGetEnd_WorksForAnotherService()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync();
        (string, string)[] headers = [("dapr-api-token", SignalingHarness.AppToken), ("dapr-caller-app-id", "forged"),
            ("dapr-caller-app-id", "web-front")];
        using HttpResponseMessage created = await signaling.PostJsonAsync(
            "/internal/v1/sessions", JsonSerializer.Serialize(
            new { offerSdp = Offers.Chromium, agent = "echo", session = new { voice = "x" } }), null, headers);
        JsonElement body = await SignalingHarness.JsonAsync(created);
        string callId = body.GetProperty("callId").GetString()!;

        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        Assert.StartsWith("v=0\r\n", body.GetProperty("answerSdp").GetString());
        Assert.Equal((SignalingHarness.Owner, "local"), (body.GetProperty("owner").GetString(), body.GetProperty("region").GetString()));
        Assert.Equal(signaling.Time.GetUtcNow().AddSeconds(3600), body.GetProperty("expiresAt").GetDateTimeOffset());
        Assert.Equal(("internal", "echo"), (signaling.Record(callId)!.ClientKind, signaling.Record(callId)!.Agent));

        using HttpResponseMessage status = await signaling.SendAsync(
            HttpMethod.Get, "/internal/v1/sessions/" + callId, null, null, headers);
        Assert.Equal("created", (await SignalingHarness.JsonAsync(status)).GetProperty("state").GetString());

        using HttpResponseMessage ended = await signaling.SendAsync(
            HttpMethod.Delete, $"/internal/v1/sessions/{callId}?reason=customer_left", null, null, headers);
        Assert.Equal(HttpStatusCode.Accepted, ended.StatusCode);
        Assert.Contains("Internal call by web-front", signaling.Logs.Text);
        Assert.DoesNotContain("forged", signaling.Logs.Text.Split('\n').Where(line => line.Contains("Internal call")));
    }

    [Theory]
    [InlineData("{}", 400, "missing_sdp")]
    [InlineData("nonsense", 400, "invalid_json")]
    [InlineData("""{"offerSdp":"v=0","session":{"agent":"\ud800"}}""", 400, "invalid_json")]
    [InlineData("""{"offerSdp":"v=0"}""", 400, "invalid_sdp")]
    public async Task Internal_BadBody_IsRefusedWithTheReason(string json, int status, string code)
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync();
        using HttpResponseMessage response = await signaling.PostJsonAsync(
            "/internal/v1/sessions", json, null, ("dapr-api-token", SignalingHarness.AppToken));
        JsonElement problem = await SignalingHarness.JsonAsync(response);

        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal((status, code), ((int)response.StatusCode, problem.GetProperty("code").GetString()));
        Assert.Equal("urn:dapr-voice:error:" + code, problem.GetProperty("type").GetString());
    }

    [Fact]
    public async Task Demo_NotAskedFor_IsClosed()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync();
        using HttpResponseMessage response = await signaling.SendAsync(HttpMethod.Post, "/demo/token");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task Demo_AskedFor_GivesAKeyThatCallsAndTheAgents()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync(settings => settings["Signaling:DemoPage"] = "true");
        using HttpResponseMessage token = await signaling.SendAsync(HttpMethod.Post, "/demo/token");
        await signaling.CallAsync((await SignalingHarness.JsonAsync(token)).GetProperty("value").GetString());
        using HttpResponseMessage config = await signaling.Http.GetAsync("/demo/config");

        Assert.Equal(["local", "echo", "parrot"], (await SignalingHarness.JsonAsync(config)).GetProperty("agents").EnumerateArray()
            .Select(a => a.GetString()!));
    }

    [Fact]
    public async Task Page_Folder_IsServedWithAPolicyAndNothingBesideIt()
    {
        string folder = Directory.CreateTempSubdirectory("voice-page-").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "index.html"), "<!doctype html><title>page</title>");
        try
        {
            await using SignalingHarness signaling = await SignalingHarness.StartAsync(settings => settings["Signaling:WebRoot"] = folder);
            using HttpResponseMessage compressed = await signaling.SendAsync(HttpMethod.Get, "/", null, null, ("Accept-Encoding", "gzip"));
            Assert.Equal("gzip", compressed.Content.Headers.ContentEncoding.Single());
            using HttpResponseMessage page = await signaling.Http.GetAsync("/"),
                outside = await signaling.Http.GetAsync("/..%2f..%2fetc/passwd");

            Assert.Contains("<title>page</title>", await page.Content.ReadAsStringAsync());
            Assert.Contains("default-src 'none'", Header(page, "Content-Security-Policy"));
            Assert.Equal(HttpStatusCode.NotFound, outside.StatusCode);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string? Header(HttpResponseMessage response, string name)
        => response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? string.Join(',', values) : null;
}

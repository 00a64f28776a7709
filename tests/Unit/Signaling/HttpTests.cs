using System.Net;
using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.TestKit;
using Dapr.Voice.Tests.Unit.Hosting;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Signaling;

public sealed class HttpTests
{
    private const string Calls = "/v1/realtime/calls", LibraryHeaders
        = "authorization,content-type,x-stainless-lang,x-stainless-os,x-stainless-retry-count,openai-beta,api-key,traceparent";

    [Theory]
    [InlineData(Calls, "authorization,content-type,x-openai-agents-sdk", "POST")]
    [InlineData(Calls, LibraryHeaders, "POST")]
    [InlineData(Calls + "/rtc_local_aaaaaaaaaaaaa", LibraryHeaders, "PATCH")]
    [InlineData(Calls + "/rtc_local_aaaaaaaaaaaaa", LibraryHeaders, "PUT")]
    [InlineData("/v1/realtime/client_secrets", LibraryHeaders, "POST")]
    [InlineData("/openai" + Calls, LibraryHeaders, "POST")]
    [InlineData("/nothing", LibraryHeaders, "POST")]
    public async Task Preflight_OfAClientLibrary_IsAllowedEveryHeaderItAsksFor(string path, string headers, string method)
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync();
        using HttpResponseMessage response = await signaling.SendAsync(HttpMethod.Options, path, null, null,
            ("Origin", "https://app.example.com"), ("Access-Control-Request-Method", method), ("Access-Control-Request-Headers", headers));

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal("*", Header(response, "Access-Control-Allow-Origin"));
        Assert.Equal("GET,POST,PUT,PATCH,DELETE,OPTIONS", Header(response, "Access-Control-Allow-Methods"));
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

        Assert.Equal("Location,ETag,Link,Retry-After,retry-after-ms,Access-Control-Allow-Methods",
            Header(response, "Access-Control-Expose-Headers"));
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
            HttpMethod.Delete, $"/internal/v1/sessions/{callId}?reason=drain", null, null, headers);
        Assert.Equal(HttpStatusCode.Accepted, ended.StatusCode);
        Assert.Contains("Internal call by web-front", signaling.Logs.Text);
        Assert.DoesNotContain("forged", signaling.Logs.Text.Split('\n').Where(line => line.Contains("Internal call")));
    }

    [Theory]
    [InlineData("{}", 400, "missing_sdp")]
    [InlineData("""{"offerSdp":"v=0","maximumSeconds":0}""", 400, "invalid_maximum_seconds")]
    [InlineData("""{"offerSdp":"v=0","max_session_seconds":60}""", 400, "unknown_parameter")]
    [InlineData("""{"offerSdp":"v=0","session":{"type":"transcription"}}""", 400, "unsupported_session_type")]
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

    [Theory]
    [InlineData("customer_left")]
    [InlineData("Drain")]
    [InlineData("consent_expired")]
    [InlineData("none")]
    [InlineData("0")]
    public async Task Internal_EndForAReasonThatDoesNotCount_Is400AndListsThoseThatDo(string reason)
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync();
        string callId = await signaling.CallAsync();
        using HttpResponseMessage response = await signaling.SendAsync(HttpMethod.Delete,
            $"/internal/v1/sessions/{callId}?reason={reason}", null, null, ("dapr-api-token", SignalingHarness.AppToken));
        JsonElement problem = await SignalingHarness.JsonAsync(response);

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_reason", "reason"),
            (response.StatusCode, problem.GetProperty("code").GetString(), problem.GetProperty("param").GetString()));
        Assert.Contains("api_hangup, drain, limit_reached, error", problem.GetProperty("title").GetString());
        Assert.DoesNotContain(signaling.Invoker.Calls, call => call.Method == HttpMethod.Delete);
    }

    [Theory]
    [InlineData("", "api_hangup")]
    [InlineData("?reason=api_hangup", "api_hangup")]
    [InlineData("?reason=drain", "drain")]
    [InlineData("?reason=limit_reached", "limit_reached")]
    [InlineData("?reason=error", "error")]
    public async Task Internal_EndForAReasonThatCounts_ReachesTheOwner(string query, string word)
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync();
        string callId = await signaling.CallAsync();
        using HttpResponseMessage response = await signaling.SendAsync(
            HttpMethod.Delete, $"/internal/v1/sessions/{callId}{query}", null, null, ("dapr-api-token", SignalingHarness.AppToken));

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Contains(signaling.Invoker.Calls, call => call.Path == $"internal/v1/sessions/{callId}?reason={word}");
    }

    [Fact]
    public async Task Internal_BadOffer_IsNamedByTheCallersOwnField()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync();
        using HttpResponseMessage response = await signaling.PostJsonAsync(
            "/internal/v1/sessions", """{"offerSdp":"v=0"}""", null, ("dapr-api-token", SignalingHarness.AppToken));

        Assert.Equal("offerSdp", (await SignalingHarness.JsonAsync(response)).GetProperty("param").GetString());
    }

    [Fact]
    public async Task Owners_OfEachCall_AreBelievedOnlyWithTheirOwnStatus()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync();
        string callId = await signaling.CallAsync();
        using HttpResponseMessage ended = await signaling.SendAsync(
            HttpMethod.Post, $"{Calls}/{callId}/hangup", null, FakeSecretStore.ApiKey);
        await signaling.DrainAsync();

        // services/transceiver/InternalEndpoints.cs answers these, and tests/Integration/Transceiver holds it to that.
        Assert.Contains((HttpMethod.Post, HttpStatusCode.Created), signaling.Invoker.Accepted);
        Assert.Contains((HttpMethod.Delete, HttpStatusCode.Accepted), signaling.Invoker.Accepted);
        Assert.All(signaling.Invoker.Accepted, accepted => Assert.NotEqual(HttpStatusCode.OK, accepted.Success));
    }

    [Theory]
    [InlineData(null, HttpStatusCode.Unauthorized)]
    [InlineData("Bearer scale-token-of-the-region", HttpStatusCode.OK)]
    [InlineData("bearer scale-token-of-the-region", HttpStatusCode.Unauthorized)]
    [InlineData("Bearer scale-token-of-another", HttpStatusCode.Unauthorized)]
    [InlineData("Bearer " + FakeSecretStore.ApiKey, HttpStatusCode.Unauthorized)]
    public async Task ShardDemand_AskedForWithAToken_IsToldToTheFleetAlone(string? authorization, HttpStatusCode expected)
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync(
            settings => settings["Signaling:ScaleToken"] = "scale-token-of-the-region");
        (string, string)[] headers = authorization is null ? [] : [("Authorization", authorization)];
        using HttpResponseMessage response = await signaling.SendAsync(HttpMethod.Get, "/scale/shards", null, null, headers);

        Assert.Equal(expected, response.StatusCode);
        if (expected != HttpStatusCode.OK) Assert.DoesNotContain("wanted", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData(SignalingHarness.AppToken, HttpStatusCode.OK)]
    [InlineData("wrong", HttpStatusCode.Unauthorized)]
    [InlineData("", HttpStatusCode.Unauthorized)]
    public async Task ShardDemand_WithoutAScaleToken_IsForTheAppTokenAlone(string token, HttpStatusCode expected)
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync();
        using HttpResponseMessage response = await signaling.SendAsync(
            HttpMethod.Get, "/scale/shards", null, null, ("dapr-api-token", token), ("Authorization", "Bearer "));

        Assert.Equal(expected, response.StatusCode);
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

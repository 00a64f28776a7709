using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Dapr.Voice.TestKit;
using Dapr.Voice.Tests.Unit.Hosting;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Signaling;

/// <summary>How an error looks to those who can see only a part of it, and that every stranger's path has one.</summary>
public sealed class ErrorTests : IAsyncLifetime
{
    private const string Calls = "/v1/realtime/calls";

    /// <summary>What Dapr shows of a callee's error to a caller over gRPC (docs/dapr.md, point 26).</summary>
    private const int VisibleOverGrpc = 63;

    private SignalingHarness _signaling = null!;

    public async Task InitializeAsync() => _signaling = await SignalingHarness.StartAsync();

    public async Task DisposeAsync() => await _signaling.DisposeAsync();

    [Theory]
    [InlineData("GET", "/v1/nothing", 404, "unknown_path")]
    [InlineData("PUT", Calls, 405, "method_not_allowed")]
    [InlineData("POST", "/openai/v1/realtime/calls", 401, "missing_api_key")]
    [InlineData("POST", "/openai/v1/realtime/client_secrets", 401, "missing_api_key")]
    [InlineData("POST", "/openai/realtime?api-version=2025-04-01-preview&deployment=x", 404, "unknown_path")]
    [InlineData("GET", "/openai/v1/realtime/calls", 405, "method_not_allowed")]
    [InlineData("POST", "/openai/deployments/x/chat/completions", 404, "unknown_path")]
    [InlineData("POST", "/v1/realtime?model=x", 404, "unsupported_path")]
    [InlineData("POST", "/v1/realtime/sessions", 404, "unsupported_path")]
    [InlineData("POST", "/openai/v1/realtime/transcription_sessions", 404, "unsupported_path")]
    [InlineData("GET", "/nothing", 404, "unknown_path")]
    [InlineData("POST", "/", 404, "unknown_path")]
    [InlineData("GET", "/v2/realtime/calls", 404, "unknown_path")]
    public async Task Error_OfAnyPublicPath_HasABodyThatAPageCanRead(string method, string path, int status, string code)
    {
        using HttpResponseMessage response = await _signaling.SendAsync(
            new(method), path, null, null, ("Accept", "text/html, application/sdp"));

        Assert.Equal((status, code), ((int)response.StatusCode, await SignalingHarness.CodeAsync(response)));
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("*", response.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
    }

    [Theory]
    [InlineData("/internal/nothing")]
    [InlineData("/dapr/subscribe")]
    [InlineData("/scale/nothing")]
    public async Task Error_OfAPathOfTheFleet_IsForNoPage(string path)
    {
        using HttpResponseMessage response = await _signaling.SendAsync(HttpMethod.Get, path);

        Assert.Equal((HttpStatusCode.NotFound, "unknown_path"),
            (response.StatusCode, (await SignalingHarness.JsonAsync(response)).GetProperty("code").GetString()));
        Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("/v1/realtime?model=gpt-realtime")]
    [InlineData("/v1/realtime?call_id=rtc_local_aaaaaaaaaaaaa")]
    [InlineData("/openai/v1/realtime?model=gpt-realtime")]
    [InlineData("/openai/realtime?api-version=2025-04-01-preview&deployment=x")]
    [InlineData("/v1/realtime/translations")]
    [InlineData("/")]
    public async Task WebSocket_AtAnyPath_IsRefusedInWords(string path)
    {
        using HttpResponseMessage response = await _signaling.SendAsync(HttpMethod.Get, path, null, FakeSecretStore.ApiKey,
            ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Protocol", "realtime"));

        Assert.Equal((HttpStatusCode.BadRequest, "websocket_not_supported"),
            (response.StatusCode, await SignalingHarness.CodeAsync(response)));
        Assert.Contains("POST /v1/realtime/calls", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task AzurePaths_WithAzuresHeader_AreServedLikeOurOwn()
    {
        var offer = new StringContent(Offers.Chromium);
        offer.Headers.ContentType = new("application/sdp");
        using HttpResponseMessage secret = await _signaling.SendAsync(HttpMethod.Post, "/openai/v1/realtime/client_secrets", null, null,
            ("api-key", FakeSecretStore.ApiKey));
        string ephemeral = (await SignalingHarness.JsonAsync(secret)).GetProperty("value").GetString()!;
        using HttpResponseMessage call = await _signaling.SendAsync(
            HttpMethod.Post, "/openai/v1/realtime/calls?webrtcfilter=on", offer, ephemeral);
        using HttpResponseMessage ended = await _signaling.SendAsync(
            HttpMethod.Post, call.Headers.Location + "/hangup", null, null, ("api-key", ephemeral));
        using HttpResponseMessage wrong = await _signaling.SendAsync(
            HttpMethod.Post, "/openai/v1/realtime/client_secrets", null, null, ("api-key", "sk-wrong-key-0123456789"));

        Assert.Equal(HttpStatusCode.Created, call.StatusCode);
        Assert.Matches("^/openai/v1/realtime/calls/rtc_local_[a-z2-7]{13}$", call.Headers.Location!.OriginalString);
        Assert.Equal(HttpStatusCode.OK, ended.StatusCode);
        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_api_key"), (wrong.StatusCode, await SignalingHarness.CodeAsync(wrong)));
    }

    [Theory]
    [InlineData("/v1/realtime/calls", "v=0\r\nnonsense", "application/sdp", "invalid_sdp")]
    [InlineData("/v1/realtime/client_secrets", """{"max_session_seconds":0}""", "application/json", "invalid_max_session_seconds")]
    [InlineData("/internal/v1/sessions", """{"offerSdp":"v=0","maximumSeconds":0}""", "application/json", "invalid_maximum_seconds")]
    public async Task Error_CutAtWhatGrpcShows_StillSaysItsCode(string path, string body, string type, string code)
    {
        var content = new StringContent(body);
        content.Headers.ContentType = new(type);
        using HttpResponseMessage response = await _signaling.SendAsync(
            HttpMethod.Post, path, content, FakeSecretStore.ApiKey, ("dapr-api-token", SignalingHarness.AppToken));
        string text = await response.Content.ReadAsStringAsync();

        Assert.Contains($"\"code\":\"{code}\"", text[..VisibleOverGrpc]);
    }

    [Theory]
    [InlineData("/v1/realtime/calls", "error")]
    [InlineData("/internal/v1/sessions", null)]
    public async Task Error_ThatPasses_SaysInTheBodyWhenToTryAgain(string path, string? member)
    {
        await _signaling.AddOwnerAsync(0, [3, 4, 5], draining: true);
        using HttpResponseMessage response = await _signaling.PostJsonAsync(path,
            JsonSerializer.Serialize(path.StartsWith("/internal", StringComparison.Ordinal) ? (object)new { offerSdp = Offers.Chromium }
            : new { sdp = Offers.Chromium }), FakeSecretStore.ApiKey, ("dapr-api-token", SignalingHarness.AppToken));
        JsonElement body = await SignalingHarness.JsonAsync(response);
        JsonElement error = member is null ? body : body.GetProperty(member);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "over_capacity", 2000),
            (response.StatusCode, error.GetProperty("code").GetString(), error.GetProperty("retry_after_ms").GetInt32()));
    }

    [Theory]
    [InlineData("/v1/realtime/client_secrets", """{"max_session_seconds":0}""")]
    [InlineData("/internal/v1/sessions", "{}")]
    public async Task Error_WithQuotes_HasThemAsTheyAre(string path, string body)
    {
        using HttpResponseMessage response = await _signaling.PostJsonAsync(
            path, body, FakeSecretStore.ApiKey, ("dapr-api-token", SignalingHarness.AppToken));
        string text = await response.Content.ReadAsStringAsync();

        Assert.Contains("'", text);
        Assert.DoesNotContain("\\u", text);
    }

    [Fact]
    public async Task ClientSecret_SessionInAnyLanguage_IsEchoedAsItIs()
    {
        using HttpResponseMessage response = await _signaling.PostJsonAsync(
            "/v1/realtime/client_secrets", """{"session":{"instructions":"Sei nett, \u00fcberall & 'immer'"}}""");

        Assert.Contains("Sei nett, überall & 'immer'", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData(Calls, "FFFFFFFFFFFFFFFFFF\r\n")]
    [InlineData(Calls, "7FFFFFFFF\r\n")]
    [InlineData(Calls, "xyz\r\n")]
    [InlineData(Calls, "-1\r\n")]
    [InlineData("/v1/realtime/client_secrets", "FFFFFFFFFFFFFFFFFF\r\n")]
    [InlineData("/internal/v1/sessions", "FFFFFFFFFFFFFFFFFF\r\n")]
    public async Task Chunk_WithASizeThatIsNone_IsTheCallersMistake(string path, string chunk)
    {
        string answer = await SendRawAsync($"POST {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: https://app.example.com\r\n"
            + $"Authorization: Bearer {FakeSecretStore.ApiKey}\r\ndapr-api-token: {SignalingHarness.AppToken}\r\n"
            + $"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n{chunk}");

        Assert.StartsWith("HTTP/1.1 400 ", answer);
        Assert.Contains("\"code\":\"bad_request\"", answer);
        if (path[1] == 'v') Assert.Contains("Access-Control-Allow-Origin: *", answer);
    }

    /// <summary>Sends bytes that no HTTP client would send. Returns all that comes back until the service closes the connection.</summary>
    private async Task<string> SendRawAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _signaling.Http.BaseAddress!.Port);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync();
    }
}

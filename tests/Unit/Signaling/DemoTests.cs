using System.Net;
using System.Text.Json;
using Dapr.Voice.Signaling;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Signaling;

/// <summary>Who gets a key from <c>/demo</c>. On a laptop every page that its owner opens can send requests to it.</summary>
public sealed class DemoTests
{
    private const string Token = "/demo/token", Config = "/demo/config";

    [Fact]
    public async Task Demo_NotAskedFor_IsClosed()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync();
        using HttpResponseMessage response = await signaling.SendAsync(HttpMethod.Post, Token);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task Demo_AskedForByItsOwnPage_GivesAKeyThatCallsAndTheAgents()
    {
        await using SignalingHarness signaling = await StartAsync();
        (string, string) ownPage = ("Sec-Fetch-Site", "same-origin");
        using HttpResponseMessage token = await signaling.SendAsync(HttpMethod.Post, Token, null, null, ownPage);
        await signaling.CallAsync((await SignalingHarness.JsonAsync(token)).GetProperty("value").GetString());
        using HttpResponseMessage config = await signaling.SendAsync(HttpMethod.Get, Config, null, null, ownPage);

        Assert.Equal(["local", "echo", "parrot"], (await SignalingHarness.JsonAsync(config)).GetProperty("agents").EnumerateArray()
            .Select(a => a.GetString()!));
    }

    [Theory]
    // A page of another origin, over HTTPS or to loopback, and over plain HTTP to another machine.
    [InlineData("127.0.0.1:8080", "https://evil.example", "cross-site", "own_page_only")]
    [InlineData("127.0.0.1:8080", "http://127.0.0.1:9000", "same-site", "own_page_only")]
    [InlineData("192.168.0.7:8080", "https://evil.example", null, "own_page_only")]
    [InlineData("192.168.0.7:8080", "null", null, "own_page_only")]
    // A name of a stranger that points to this machine: the browser takes the two for the same origin.
    [InlineData("evil.example:8080", "http://evil.example:8080", "same-origin", "unknown_host")]
    [InlineData("evil.example:8080", null, null, "unknown_host")]
    [InlineData("localhost.evil.example", null, null, "unknown_host")]
    public async Task Demo_AskedForByAnotherPage_IsRefusedAndSaysWhy(string host, string? origin, string? site, string code)
    {
        await using SignalingHarness signaling = await StartAsync();
        foreach ((HttpMethod method, string path) in ((HttpMethod, string)[])[(HttpMethod.Post, Token), (HttpMethod.Get, Config)])
        {
            using HttpResponseMessage response = await AskAsync(signaling, method, path, host, origin, site);

            Assert.Equal((HttpStatusCode.Forbidden, code), (response.StatusCode, await SignalingHarness.CodeAsync(response)));
            Assert.DoesNotContain("ek_", await response.Content.ReadAsStringAsync());
        }
    }

    [Theory]
    [InlineData("localhost:8080", "http://localhost:8080", "same-origin")]
    [InlineData("127.0.0.1:8080", "http://127.0.0.1:8080", null)]
    [InlineData("[::1]:8080", null, "same-origin")]
    [InlineData("192.168.0.7:8080", "http://192.168.0.7:8080", null)]
    [InlineData("192.168.0.7:8080", null, null)]
    [InlineData("voice.example.com", "https://voice.example.com", "same-origin")]
    [InlineData("VOICE.example.com", "https://voice.example.com", null)]
    public async Task Demo_AskedForByItsOwnPageUnderAnyKnownName_GivesAKey(string host, string? origin, string? site)
    {
        await using SignalingHarness signaling = await StartAsync();
        using HttpResponseMessage response = await AskAsync(signaling, HttpMethod.Post, Token, host, origin, site);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("voice.example.com", 0)]
    [InlineData("https://voice.example.com", 1)]
    [InlineData("voice.example.com:443", 1)]
    public void Problems_DemoHost_IsANameAlone(string host, int expected)
        => Assert.Equal(expected, new SignalingOptions { DemoHosts = [host] }.Problems().Count());

    private static Task<SignalingHarness> StartAsync() => SignalingHarness.StartAsync(settings =>
    {
        settings["Signaling:DemoPage"] = "true";
        settings["Signaling:DemoHosts:0"] = "voice.example.com";
    });

    private static async Task<HttpResponseMessage> AskAsync(
        SignalingHarness signaling, HttpMethod method, string path, string host, string? origin, string? site)
    {
        signaling.Http.DefaultRequestHeaders.Remove("Origin");
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Host = host;
        if (origin is not null) request.Headers.TryAddWithoutValidation("Origin", origin);
        if (site is not null) request.Headers.TryAddWithoutValidation("Sec-Fetch-Site", site);
        return await signaling.Http.SendAsync(request);
    }
}

using System.Net;
using System.Text.Json;
using Dapr.Voice.TestKit;
using Dapr.Voice.Tests.Unit.Hosting;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Signaling;

/// <summary>
/// How many calls a caller may start. The buckets refill by real time. So a test floods until it is refused, and then somebody else asks.
/// </summary>
public sealed class CallLimitTests : IAsyncLifetime
{
    private const int Enough = 2000;

    private SignalingHarness _signaling = null!;

    public async Task InitializeAsync()
    {
        _signaling = await SignalingHarness.StartAsync(settings =>
        {
            settings["Signaling:CallsPerSecondPerCaller"] = "1";
            settings["Signaling:CallBurstPerCaller"] = "3";
            settings["Signaling:TrustedProxies"] = "1";
        });
        await _signaling.AddOwnerAsync(0, [3, 4, 5], capacity: 100_000);
    }

    public async Task DisposeAsync() => await _signaling.DisposeAsync();

    [Fact]
    public async Task Flood_OfOneKeyFromOneAddress_IsRefusedWithTheTimeToWait()
    {
        string body = await FloodAsync(FakeSecretStore.ApiKey, _ => "198.51.100.1");
        JsonElement error = JsonElement.Parse(body).GetProperty("error");

        Assert.StartsWith("""{"error":{"code":"rate_limit_exceeded",""", body);
        Assert.Equal("rate_limit_error", error.GetProperty("type").GetString());
        Assert.InRange(error.GetProperty("retry_after_ms").GetInt32(), 1, 60_000);
        Assert.Contains("this key from this address", error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task Flood_OfOneKeyFromOneAddress_LeavesTheOthersAlone()
    {
        string own = await _signaling.EphemeralKeyAsync();
        await FloodAsync(FakeSecretStore.ApiKey, _ => "198.51.100.1");

        // The same key elsewhere, and another key at the same address.
        Assert.Equal(HttpStatusCode.Created, (await CallAsync(FakeSecretStore.ApiKey, "198.51.100.2")).Status);
        Assert.Equal(HttpStatusCode.Created, (await CallAsync(own, "198.51.100.1")).Status);
    }

    [Fact]
    public async Task Flood_OfOneKeyFromManyAddresses_IsRefusedAndLeavesOtherKeysAlone()
    {
        string own = await _signaling.EphemeralKeyAsync();
        string body = await FloodAsync(FakeSecretStore.ApiKey, i => $"10.{i / 250 % 250}.{i % 250}.1");

        Assert.Contains("calls with this key.", body);
        Assert.Equal(HttpStatusCode.Created, (await CallAsync(own, "198.51.100.1")).Status);
    }

    [Fact]
    public async Task Flood_OfManyKeysFromOneAddress_IsRefusedAndLeavesOtherAddressesAlone()
    {
        var keys = new List<string>();
        string body = "";
        for (int i = 0; body.Length == 0 && i < Enough; i++)
        {
            keys.Add(await _signaling.EphemeralKeyAsync());
            (HttpStatusCode status, string answer) = await CallAsync(keys[^1], "198.51.100.1");
            if (status == HttpStatusCode.TooManyRequests) body = answer;
        }

        Assert.Contains("calls from this address.", body);
        Assert.Equal(HttpStatusCode.Created, (await CallAsync(keys[0], "198.51.100.2")).Status);
    }

    [Fact]
    public async Task Flood_FromOneIpv6Subscriber_SharesOneLimit()
        => Assert.Contains("this key from this address", await FloodAsync(FakeSecretStore.ApiKey, i => $"2001:db8:0:1::{i:x}"));

    [Fact]
    public async Task Flood_WithForgedAddresses_IsCountedByTheAddressThatTheProxySaw()
        => Assert.Contains("this key from this address",
            await FloodAsync(FakeSecretStore.ApiKey, i => $"203.0.113.{i % 250}, 198.51.100.1"));

    [Fact]
    public async Task Flood_ThroughASidecar_IsCountedByTheAppThatTheSidecarNames()
    {
        HttpResponseMessage refused = await FloodAppAsync("flooder");
        string body = await refused.Content.ReadAsStringAsync();
        using HttpResponseMessage other = await CreateAsync("honest");

        Assert.StartsWith("""{"code":"rate_limit_exceeded",""", body);
        Assert.True(JsonElement.Parse(body).GetProperty("retry_after_ms").GetInt32() > 0);
        Assert.Equal(HttpStatusCode.Created, other.StatusCode);
    }

    private async Task<HttpResponseMessage> FloodAppAsync(string app)
    {
        for (int i = 0; i < Enough; i++)
        {
            // Whatever the caller itself writes before the sidecar's word.
            HttpResponseMessage response = await CreateAsync(app, ("dapr-caller-app-id", $"forged-{i}"));
            if (response.StatusCode == HttpStatusCode.TooManyRequests) return response;
            Assert.Equal(HttpStatusCode.Created, response.StatusCode);
            response.Dispose();
        }
        throw new InvalidOperationException("Never refused.");
    }

    private Task<HttpResponseMessage> CreateAsync(string app, params (string, string)[] before) => _signaling.PostJsonAsync(
        "/internal/v1/sessions", JsonSerializer.Serialize(new { offerSdp = Offers.Chromium }), null,
        [("dapr-api-token", SignalingHarness.AppToken), .. before, ("dapr-caller-app-id", app)]);

    /// <summary>Makes calls until one is refused. Returns the body of the refusal.</summary>
    private async Task<string> FloodAsync(string key, Func<int, string> forwardedFor)
    {
        for (int i = 0; i < Enough; i++)
        {
            (HttpStatusCode status, string body) = await CallAsync(key, forwardedFor(i));
            if (status == HttpStatusCode.TooManyRequests) return body;
            Assert.Equal(HttpStatusCode.Created, status);
        }
        throw new InvalidOperationException("Never refused.");
    }

    private async Task<(HttpStatusCode Status, string Body)> CallAsync(string key, string forwardedFor)
    {
        var offer = new StringContent(Offers.Chromium);
        offer.Headers.ContentType = new("application/sdp");
        using HttpResponseMessage response = await _signaling.SendAsync(
            HttpMethod.Post, "/v1/realtime/calls", offer, key, ("X-Forwarded-For", forwardedFor));
        if (response.StatusCode == HttpStatusCode.TooManyRequests)
        {
            Assert.NotNull(response.Headers.RetryAfter);
            Assert.Equal("*", response.Headers.GetValues("Access-Control-Allow-Origin").Single());
        }
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}

using System.Net;
using System.Text;
using System.Text.Json;
using Dapr.Voice.Signaling.Keys;
using Dapr.Voice.Steering;
using Dapr.Voice.TestKit;
using Dapr.Voice.Tests.Unit.Hosting;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Signaling;

public sealed class KeyTests : IAsyncLifetime
{
    private SignalingHarness _signaling = null!;

    public async Task InitializeAsync() => _signaling = await SignalingHarness.StartAsync();

    public async Task DisposeAsync() => await _signaling.DisposeAsync();

    [Fact]
    public async Task ClientSecret_NothingAskedFor_LastsTenMinutes()
    {
        using HttpResponseMessage response = await _signaling.SendAsync(
            HttpMethod.Post, "/v1/realtime/client_secrets", null, FakeSecretStore.ApiKey);
        JsonElement body = await SignalingHarness.JsonAsync(response);

        Assert.StartsWith("ek_", body.GetProperty("value").GetString());
        Assert.Equal(_signaling.Time.GetUtcNow().ToUnixTimeSeconds() + 600, body.GetProperty("expires_at").GetInt64());
        Assert.Equal("realtime", body.GetProperty("session").GetProperty("type").GetString());
        Assert.StartsWith("sess_", body.GetProperty("session").GetProperty("id").GetString());
        Assert.Equal("realtime.session", body.GetProperty("session").GetProperty("object").GetString());
    }

    [Fact]
    public async Task ClientSecret_Session_IsEchoedAndReachesTheCall()
    {
        string key = await _signaling.EphemeralKeyAsync(
            """{"expires_after":{"anchor":"created_at","seconds":10},"session":"""
            + """{"type":"realtime","model":"unheard-of","instructions":"Sei nett, \u00fcberall."},"max_session_seconds":60}""");
        string callId = await _signaling.CallAsync(key);

        Contracts.SessionRecord record = _signaling.Record(callId)!;
        Assert.Equal("Sei nett, überall.", record.RealtimeSession!.Value.GetProperty("instructions").GetString());
        Assert.Equal(60, record.MaximumSeconds);
        Assert.NotNull(record.EphemeralKeyId);
    }

    [Theory]
    [InlineData("""{"expires_after":{"seconds":9}}""", "invalid_expires_after")]
    [InlineData("""{"expires_after":{"seconds":7201}}""", "invalid_expires_after")]
    [InlineData("""{"expires_after":{"anchor":"yesterday","seconds":60}}""", "invalid_expires_after")]
    [InlineData("""{"session":[]}""", "invalid_session")]
    [InlineData("""{"max_session_seconds":0}""", "invalid_max_session_seconds")]
    [InlineData("{", "invalid_json")]
    [InlineData("""{"session":{"type":"\ud800"}}""", "invalid_json")]
    [InlineData("""{"session":{"\udc00":1}}""", "invalid_json")]
    [InlineData("""{"session":{"type":"a","type":"b"}}""", "invalid_json")]
    public async Task ClientSecret_BadRequest_Is400(string body, string code)
    {
        using HttpResponseMessage response = await _signaling.PostJsonAsync("/v1/realtime/client_secrets", body);

        Assert.Equal((HttpStatusCode.BadRequest, code), (response.StatusCode, await SignalingHarness.CodeAsync(response)));
    }

    [Fact]
    public async Task ClientSecret_SessionAbove8KiB_IsRefused()
    {
        using HttpResponseMessage response = await _signaling.PostJsonAsync(
            "/v1/realtime/client_secrets", JsonSerializer.Serialize(new { session = new { instructions = new string('x', 8_200) } }));

        Assert.Equal("session_too_large", await SignalingHarness.CodeAsync(response));
    }

    [Fact]
    public async Task ClientSecret_LargestSession_StillFitsIntoAHeader()
    {
        string key = await _signaling.EphemeralKeyAsync(
            JsonSerializer.Serialize(new { session = new { instructions = new string('x', 8_100) } }));

        await _signaling.CallAsync(key);
    }

    [Fact]
    public async Task ClientSecret_WithAnEphemeralKey_Is403()
    {
        using HttpResponseMessage response = await _signaling.PostJsonAsync(
            "/v1/realtime/client_secrets", "{}", await _signaling.EphemeralKeyAsync());

        Assert.Equal((HttpStatusCode.Forbidden, "api_key_required"), (response.StatusCode, await SignalingHarness.CodeAsync(response)));
    }

    [Fact]
    public async Task ClientSecret_ForOneAgent_ReachesThatOneOnly()
    {
        string key = await _signaling.EphemeralKeyAsync("""{"agent":"echo"}""");
        using HttpResponseMessage other = await _signaling.PostOfferAsync(Offers.Chromium, "?agent=parrot", key);

        Assert.Equal((HttpStatusCode.Forbidden, "agent_not_allowed"), (other.StatusCode, await SignalingHarness.CodeAsync(other)));
        Assert.Equal("echo", _signaling.Record(await _signaling.CallAsync(key))!.Agent);
        Assert.Equal("echo", _signaling.Record(await _signaling.CallAsync(key, "?model=parrot"))!.Agent);
    }

    [Fact]
    public async Task ClientSecret_UnknownAgent_Is404()
    {
        using HttpResponseMessage response = await _signaling.PostJsonAsync(
            "/v1/realtime/client_secrets", """{"session":{"agent":"nobody"}}""");

        Assert.Equal((HttpStatusCode.NotFound, "agent_not_found"), (response.StatusCode, await SignalingHarness.CodeAsync(response)));
    }

    [Theory]
    [InlineData(null, "missing_api_key")]
    [InlineData("", "missing_api_key")]
    [InlineData("sk-wrong-key-0123456789", "invalid_api_key")]
    [InlineData("ek_nonsense", "invalid_ephemeral_key")]
    [InlineData("ek_a.b.c", "invalid_ephemeral_key")]
    public async Task Call_WithoutAGoodKey_Is401AndSaysWhich(string? key, string code)
    {
        using HttpResponseMessage response = await _signaling.PostOfferAsync(Offers.Chromium, key: key);

        Assert.Equal((HttpStatusCode.Unauthorized, code), (response.StatusCode, await SignalingHarness.CodeAsync(response)));
        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.Single().Scheme);
        Assert.Equal("*", response.Headers.GetValues("Access-Control-Allow-Origin").Single());
    }

    [Fact]
    public async Task Call_ExpiredEphemeralKey_Is401WithItsOwnCode()
    {
        string key = await _signaling.EphemeralKeyAsync("""{"expires_after":{"seconds":10}}""");
        _signaling.Time.Advance(TimeSpan.FromSeconds(16));
        using HttpResponseMessage response = await _signaling.PostOfferAsync(Offers.Chromium, key: key);

        Assert.Equal((HttpStatusCode.Unauthorized, "ephemeral_key_expired"),
            (response.StatusCode, await SignalingHarness.CodeAsync(response)));
    }

    [Fact]
    public async Task Check_AnySingleChangedCharacter_IsInvalid()
    {
        EphemeralKeys keys = _signaling.Service<KeyLoader>().Current!.Ephemeral;
        string key = await _signaling.EphemeralKeyAsync();
        // The last character of the signature has bits that mean nothing.
        for (int i = 0; i < key.Length - 1; i++)
        {
            string changed = key[..i] + (key[i] == 'A' ? 'B' : 'A') + key[(i + 1)..];
            Assert.NotEqual(EphemeralKeyOutcome.Valid, (await keys.CheckAsync(changed)).Outcome);
        }
    }

    [Fact]
    public async Task Check_UnsignedToken_IsInvalid()
    {
        static string Part(string json)
            => Convert.ToBase64String(Encoding.UTF8.GetBytes(json)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        string token = "ek_" + Part("""{"alg":"none","typ":"JWT","kid":"2"}""") + "."
            + Part("""{"iss":"dapr-voice","aud":"realtime","exp":4102444800,"jti":"x","region":"local","max_session_seconds":60}""") + ".";

        Assert.Equal(EphemeralKeyOutcome.Invalid, (await _signaling.Service<KeyLoader>().Current!.Ephemeral.CheckAsync(token)).Outcome);
    }

    [Fact]
    public async Task Check_RotatedRing_TakesOldKeysUntilTheyLeave()
    {
        string oldKey = FakeSecretStore.Ring(1), newKey = FakeSecretStore.Ring(2);
        EphemeralKeys Keys(string ring)
            => new(KeyRing.TryParse(ring, out KeyRing? parsed, out _) ? parsed! : throw new InvalidOperationException(), _signaling.Time);
        string issued = Keys(oldKey).Issue(
            new EphemeralKey("id", "local", "echo", 60, JsonElement.Parse("""{"a":1.50}"""), _signaling.Time.GetUtcNow().AddMinutes(1)));

        (EphemeralKeyOutcome outcome, EphemeralKey? key) = await Keys(newKey + "," + oldKey).CheckAsync(issued);
        Assert.Equal(EphemeralKeyOutcome.Valid, outcome);
        Assert.Equal(("id", "local", "echo", 60, """{"a":1.50}"""),
            (key!.Id, key.Region, key.Agent, key.MaximumSessionSeconds, key.Session!.Value.GetRawText()));
        Assert.Equal(EphemeralKeyOutcome.Invalid, (await Keys(newKey).CheckAsync(issued)).Outcome);
    }
}

using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
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
        Assert.Equal("Sei nett, überall.", _signaling.SessionOf(callId)!.Value.GetProperty("instructions").GetString());
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
    [InlineData("""{"session":{"type":"transcription"}}""", "unsupported_session_type")]
    [InlineData("""{"session":{"type":"translation"}}""", "unsupported_session_type")]
    [InlineData("""{"session":{"type":5}}""", "unsupported_session_type")]
    [InlineData("""{"session":{"agent":5}}""", "invalid_session")]
    [InlineData("""{"expires_in":60}""", "unknown_parameter")]
    [InlineData("""{"expires_after":{"minutes":1}}""", "unknown_parameter")]
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
    public async Task ClientSecret_WhatItHolds_CannotBeReadByItsBearer()
    {
        string key = await _signaling.EphemeralKeyAsync("""
            {"session":{"instructions":"the secret prompt","tools":[{"type":"mcp","authorization":"tool-credential"}]}}
            """);
        string callId = await _signaling.CallAsync(key);

        // As text, and whatever is base64 in it, twice.
        string readable = key + string.Concat(key[EphemeralKeys.Prefix.Length..].Split('.').SelectMany(part =>
        {
            string once = Encoding.Latin1.GetString(Base64Url.DecodeFromChars(part));
            return once.Split('"').Where(text => text.Length > 40 && Base64Url.IsValid(text))
                .Select(text => Encoding.Latin1.GetString(Base64Url.DecodeFromChars(text))).Prepend(once);
        }));
        Assert.Contains(Audience, readable);
        foreach (string secret in (string[])["instructions", "the secret prompt", "mcp", "tool-credential"])
            Assert.DoesNotContain(secret, readable);
        Assert.Equal("the secret prompt", _signaling.SessionOf(callId)!.Value.GetProperty("instructions").GetString());
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("5")]
    [InlineData("{}")]
    [InlineData("""{"iss":5,"aud":["x"]}""")]
    [InlineData("""{PROPER,"exp":"tomorrow","jti":"a","region":"local","max_session_seconds":60}""")]
    [InlineData("""{PROPER,"exp":1e400,"jti":"a","region":"local","max_session_seconds":60}""")]
    [InlineData("""{PROPER,"exp":9223372036854775807,"jti":"a","region":"local","max_session_seconds":60}""")]
    [InlineData("""{PROPER,"exp":-9223372036854775808,"jti":"a","region":"local","max_session_seconds":60}""")]
    [InlineData("""{PROPER,"jti":"a","region":"local","max_session_seconds":60}""")]
    [InlineData("""{PROPER,EXP,"jti":null,"region":"local","max_session_seconds":60}""")]
    [InlineData("""{PROPER,EXP,"jti":"a","region":5,"max_session_seconds":60}""")]
    [InlineData("""{PROPER,EXP,"jti":"a","region":"local","max_session_seconds":0}""")]
    [InlineData("""{PROPER,EXP,"jti":"a","region":"local","max_session_seconds":1.5}""")]
    [InlineData("""{PROPER,EXP,"jti":"a","region":"local","max_session_seconds":99999999999}""")]
    [InlineData("""{PROPER,EXP,"jti":"a","region":"local","max_session_seconds":60,"agent":{"x":1}}""")]
    [InlineData("""{PROPER,EXP,"jti":"a","region":"local","max_session_seconds":60,"agent":"\ud800"}""")]
    [InlineData("""{PROPER,EXP,"jti":"a","region":"local","max_session_seconds":60,"sealed":{}}""")]
    [InlineData("""{PROPER,EXP,"jti":"a","region":"local","max_session_seconds":60,"sealed":""}""")]
    [InlineData("""{PROPER,EXP,"jti":"a","region":"local","max_session_seconds":60,"sealed":"not base64!"}""")]
    [InlineData("""{PROPER,EXP,"jti":"a","region":"local","max_session_seconds":60,"sealed":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}""")]
    public async Task Call_SignedKeyWithNonsense_Is401(string payload)
    {
        using HttpResponseMessage response = await _signaling.PostOfferAsync(Offers.Chromium, key: Signed(payload));

        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_ephemeral_key"),
            (response.StatusCode, await SignalingHarness.CodeAsync(response)));
    }

    [Fact]
    public async Task Call_KeySignedAsOursAre_IsServed()
        => await _signaling.CallAsync(Signed("""{PROPER,EXP,"jti":"a","region":"local","max_session_seconds":60}"""));

    [Theory]
    [InlineData("not JSON")]
    [InlineData("[1]")]
    [InlineData("""{"a":1,"a":2}""")]
    public async Task Call_SignedKeyWithASealedSessionThatIsNone_Is401(string session)
    {
        string sealedSession = SessionSeal.Seal(Encoding.UTF8.GetBytes(session), "a", SigningKey);
        using HttpResponseMessage response = await _signaling.PostOfferAsync(Offers.Chromium, key: Signed(
            """{PROPER,EXP,"jti":"a","region":"local","max_session_seconds":60,"sealed":"SEALED"}""".Replace("SEALED", sealedSession)));

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Fact]
    public void Seal_MovedIntoAnotherKey_IsNotOpened()
    {
        string sealedSession = SessionSeal.Seal("{}"u8, "a", SigningKey);

        Assert.Equal("{}"u8.ToArray(), SessionSeal.Open(sealedSession, "a", SigningKey));
        Assert.Null(SessionSeal.Open(sealedSession, "b", SigningKey));
        Assert.Null(SessionSeal.Open(sealedSession, "a", new byte[32]));
        Assert.NotEqual(sealedSession, SessionSeal.Seal("{}"u8, "a", SigningKey));
    }

    [Fact]
    public async Task Call_SessionInKeyAndInBody_TheKeysFieldsCount()
    {
        string key = await _signaling.EphemeralKeyAsync("""
            {"session":{"instructions":"of the key","tools":[],"audio":{"output":{"voice":"key"}}}}
            """);
        using HttpResponseMessage response = await _signaling.PostJsonAsync("/v1/realtime/calls", JsonSerializer.Serialize(new
        {
            sdp = Offers.Chromium,
            session = new
            {
                instructions = "of the bearer", tools = new[] { "x" },
                audio = new { output = new { voice = "bearer", speed = 1.5 }, input = new { noise = "bearer" } },
            },
        }), key);
        string callId = (await SignalingHarness.JsonAsync(response)).GetProperty("id").GetString()!;

        Assert.Equal("""
            {"instructions":"of the key","tools":[],"audio":{"output":{"voice":"key","speed":1.5},"input":{"noise":"bearer"}}}
            """, _signaling.SessionOf(callId)!.Value.GetRawText());
    }

    [Fact]
    public async Task Call_SessionInKeyAndInBodyTogetherTooLarge_IsRefused()
    {
        string key = await _signaling.EphemeralKeyAsync(
            JsonSerializer.Serialize(new { session = new { instructions = new string('x', 8_000) } }));
        using HttpResponseMessage response = await _signaling.PostJsonAsync("/v1/realtime/calls",
            JsonSerializer.Serialize(new { sdp = Offers.Chromium, session = new { more = new string('y', 10_000) } }), key);

        Assert.Equal((HttpStatusCode.BadRequest, "session_too_large"), (response.StatusCode, await SignalingHarness.CodeAsync(response)));
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

    private const string Audience = "realtime-2";

    private ReadOnlySpan<byte> SigningKey
        => _signaling.Keys.TokenKeys.TryGetKey(_signaling.Keys.TokenKeys.CurrentId, out ReadOnlySpan<byte> key) ? key : default;

    /// <summary>Signs any payload as the service would. PROPER and EXP stand for claims as they should be.</summary>
    private string Signed(string payload)
    {
        payload = payload
            .Replace("PROPER", $"\"iss\":\"dapr-voice\",\"aud\":\"{Audience}\",\"iat\":1", StringComparison.Ordinal)
            .Replace("EXP", $"\"exp\":{_signaling.Time.GetUtcNow().ToUnixTimeSeconds() + 60}", StringComparison.Ordinal);
        string kid = _signaling.Keys.TokenKeys.CurrentId.ToString(CultureInfo.InvariantCulture);
        string head = Base64Url.EncodeToString(Encoding.UTF8.GetBytes($$"""{"alg":"HS256","typ":"JWT","kid":"{{kid}}"}"""));
        string text = head + "." + Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload));
        return $"{EphemeralKeys.Prefix}{text}.{Base64Url.EncodeToString(HMACSHA256.HashData(SigningKey, Encoding.ASCII.GetBytes(text)))}";
    }
}

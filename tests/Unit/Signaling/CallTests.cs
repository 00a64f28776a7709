using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Steering;
using Dapr.Voice.TestKit;
using Dapr.Voice.Tests.Unit.Hosting;
using Dapr.Voice.Tests.Unit.Sdp;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Signaling;

public sealed class CallTests : IAsyncLifetime
{
    private SignalingHarness _signaling = null!;

    public async Task InitializeAsync() => _signaling = await SignalingHarness.StartAsync();

    public async Task DisposeAsync() => await _signaling.DisposeAsync();

    [Fact]
    public async Task Call_SdpBody_IsAnsweredWithSdpAndABareLocation()
    {
        using HttpResponseMessage response = await _signaling.PostOfferAsync(Offers.Chromium, "?model=gpt-realtime");

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal("application/sdp", response.Content.Headers.ContentType!.ToString());
        Assert.Matches("^/v1/realtime/calls/rtc_local_[a-z2-7]{13}$", response.Headers.Location!.OriginalString);
        Assert.Contains("Location", response.Headers.GetValues("Access-Control-Expose-Headers").Single());
        Assert.EndsWith("\r\n", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Call_Answer_CarriesHintPasswordFingerprintAndIngresses()
    {
        using HttpResponseMessage response = await _signaling.PostOfferAsync(Offers.Chromium);
        string answer = await response.Content.ReadAsStringAsync();
        SessionRecord record = _signaling.Record(response.Headers.Location!.OriginalString.Split('/')[^1])!;

        Assert.True(
            RoutingHint.TryDecode(Encoding.ASCII.GetBytes(record.LocalUfrag), _signaling.Keys.HintKeys, out RoutingHint hint, out _));
        Assert.Equal(record.CallId, CallId.Format("local", hint.SessionId.ToString()));
        Assert.Equal(record.Slot, hint.Slot);
        Assert.Equal(RoutingHint.ToMinutes(_signaling.Time.GetUtcNow().AddSeconds(3600 + 120)), hint.ExpiryMinutes);
        Assert.Contains($"a=ice-ufrag:{record.LocalUfrag}\r\n", answer);
        Assert.Contains($"a=ice-pwd:{IcePassword.Derive(_signaling.Keys.PasswordKeys, record.LocalUfrag)}\r\n", answer);
        Assert.Contains($"a=fingerprint:{SignalingHarness.Fingerprint}\r\n", answer);
        Assert.Contains("a=setup:passive\r\n", answer);
        Assert.Contains("a=candidate:1 1 udp 2130706431 203.0.113.7 3478 typ host", answer);
        Assert.Contains("a=candidate:2 1 udp 2130706175 203.0.113.8 3478 typ host", answer);
        Assert.DoesNotContain("a=msid:- ", answer);
    }

    [Fact]
    public async Task Call_Record_HasTheFactsOfTheOfferAndNoSecret()
    {
        string callId = await _signaling.CallAsync();
        SessionRecord record = _signaling.Record(callId)!;

        Assert.Equal(SessionState.Created, record.State);
        Assert.Equal(SignalingHarness.Owner, record.OwnerAppId);
        Assert.Contains(record.Slot, (int[])[3, 4, 5]);
        Assert.Equal(Offers.Ufrag, record.Offer.IceUfrag);
        Assert.Equal([Offers.Fingerprint], record.Offer.Fingerprints.Distinct());
        Assert.Equal(111, record.Offer.OpusPayloadType);
        Assert.Equal("0", record.Offer.AudioMid);
        Assert.Equal(Offers.AudioSsrc, record.Offer.AudioSsrc);
        Assert.Equal(5000, record.Offer.SctpPort);
        Assert.Equal(262144, record.Offer.MaxMessageSize);
        Assert.True(record.Offer is { AudioSends: true, AudioReceives: true, SetupActive: true });
        Assert.Equal(1, record.EventSequence);
        string json = JsonSerializer.Serialize(record, ContractsJson.Default.SessionRecord);
        Assert.DoesNotContain(Offers.Password, json);
        Assert.DoesNotContain(IcePassword.Derive(_signaling.Keys.PasswordKeys, record.LocalUfrag), json);
    }

    [Fact]
    public async Task Call_Created_IsPushedToTheOwnerAndPublishedOnce()
    {
        _signaling.Publisher.AwayFor = 2;
        string callId = await _signaling.CallAsync();
        await _signaling.DrainAsync();

        Invocation push = Assert.Single(_signaling.Invoker.Calls);
        Assert.Equal((SignalingHarness.Owner, HttpMethod.Post, "internal/v1/sessions"), (push.AppId, push.Method, push.Path));
        Assert.Equal(callId, JsonSerializer.Deserialize(push.Body!, ContractsJson.Default.SessionRecord)!.CallId);
        Published published = Assert.Single(_signaling.Publisher.Events);
        Assert.Equal((ComponentNames.Lifecycle, Topics.Sessions), (published.PubSub, published.Topic));
        Assert.Equal((callId + "/1", LifecycleEventTypes.SessionCreated, callId),
            (published.Event.Id, published.Event.Type, published.Event.Subject));
        Assert.Matches("^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$", published.Traceparent!);
    }

    [Theory]
    [InlineData(true, ClientKinds.Check, 0)]
    [InlineData(false, ClientKinds.OpenAi, 1)]
    public async Task Call_MarkedAsACheck_IsNotPublishedIfAnApiKeyMarksIt(bool hasApiKey, string kind, int events)
    {
        string key = FakeSecretStore.ApiKey;
        if (!hasApiKey)
        {
            using HttpResponseMessage secret = await _signaling.PostJsonAsync("/v1/realtime/client_secrets", "{}", key);
            key = (await SignalingHarness.JsonAsync(secret)).GetProperty("value").GetString()!;
        }
        var offer = new StringContent(Offers.Chromium, Encoding.UTF8, "application/sdp");
        using HttpResponseMessage response = await _signaling.SendAsync(
            HttpMethod.Post, "/v1/realtime/calls", offer, key, (ClientKinds.CheckHeader, "1"));
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        await _signaling.DrainAsync();
        Assert.Equal(kind, _signaling.Record(response.Headers.Location!.OriginalString.Split('/')[^1])!.ClientKind);
        Assert.Equal(events, _signaling.Publisher.Events.Count);
    }

    [Fact]
    public async Task Call_OwnerAway_IsAnsweredAllTheSame()
    {
        _signaling.Invoker.Answer = _ => FakeInvoker.Failed(Dapr.Voice.Sidecar.InvocationOutcome.Unreachable);

        await _signaling.CallAsync();
        await _signaling.DrainAsync();

        Assert.Equal(4, _signaling.Invoker.Calls.Count(call => call.Method == HttpMethod.Post));
        Assert.Contains("could not be pushed", _signaling.Logs.Text);
    }

    [Fact]
    public async Task Call_MultipartWithoutFileNames_TakesOfferAndSession()
    {
        using var form = new MultipartFormDataContent("xoxoBoundary");
        form.Add(Part(Offers.Chromium, "application/sdp"), "sdp");
        form.Add(Part("""{"type":"realtime","model":"gpt-x","voice":"nobody","agent":"echo","odd":[1,2]}""", "application/json"),
            "session");
        using HttpResponseMessage response = await _signaling.SendAsync(
            HttpMethod.Post, "/v1/realtime/calls", form, FakeSecretStore.ApiKey, ("Accept", "application/sdp"));

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal("application/sdp", response.Content.Headers.ContentType!.ToString());
        string callId = response.Headers.Location!.OriginalString.Split('/')[^1];
        Assert.Equal("echo", _signaling.Record(callId)!.Agent);
        Assert.Equal("nobody", _signaling.SessionOf(callId)!.Value.GetProperty("voice").GetString());
        Assert.Equal(2, _signaling.SessionOf(callId)!.Value.GetProperty("odd").GetArrayLength());
    }

    [Fact]
    public async Task Call_JsonBody_IsAnsweredWithIdAndSdp()
    {
        using HttpResponseMessage response = await _signaling.PostJsonAsync(
            "/v1/realtime/calls", JsonSerializer.Serialize(new { sdp = Offers.Chromium, agent = "parrot" }));

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        JsonElement body = await SignalingHarness.JsonAsync(response);
        Assert.StartsWith("v=0\r\n", body.GetProperty("sdp").GetString());
        Assert.Equal("parrot", _signaling.Record(body.GetProperty("id").GetString()!)!.Agent);
    }

    [Fact]
    public async Task Call_JsonBodyThatAcceptsSdp_IsAnsweredWithSdp()
    {
        using HttpResponseMessage response = await _signaling.PostJsonAsync(
            "/v1/realtime/calls", JsonSerializer.Serialize(new { sdp = Offers.Chromium }), FakeSecretStore.ApiKey,
            ("Accept", "application/sdp"));

        Assert.Equal("application/sdp", response.Content.Headers.ContentType!.ToString());
    }

    [Theory]
    [InlineData("", "local")]
    [InlineData("?model=gpt-realtime-2.1", "local")]
    [InlineData("?model=echo", "echo")]
    [InlineData("?model=echo&agent=parrot", "parrot")]
    public async Task Call_AgentAndModel_ChooseTheAgent(string query, string agent)
        => Assert.Equal(agent, _signaling.Record(await _signaling.CallAsync(query: query))!.Agent);

    [Fact]
    public async Task Call_UnknownAgent_Is404()
    {
        using HttpResponseMessage response = await _signaling.PostOfferAsync(Offers.Chromium, "?agent=nobody");

        Assert.Equal((HttpStatusCode.NotFound, "agent_not_found"), (response.StatusCode, await SignalingHarness.CodeAsync(response)));
    }

    [Theory]
    [InlineData("this is no SDP", "invalid_sdp", 400)]
    [InlineData("", "missing_sdp", 400)]
    [InlineData("v=0\r\n", "invalid_sdp", 400)]
    public async Task Call_BadOffer_IsRefusedWithTheReason(string offer, string code, int status)
    {
        using HttpResponseMessage response = await _signaling.PostOfferAsync(offer);

        Assert.Equal((status, code), ((int)response.StatusCode, await SignalingHarness.CodeAsync(response)));
    }

    [Fact]
    public async Task Call_OfferWithoutFingerprint_Is400()
    {
        using HttpResponseMessage response = await _signaling.PostOfferAsync(Offers.WithoutFingerprint);

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_sdp"), (response.StatusCode, await SignalingHarness.CodeAsync(response)));
    }

    [Fact]
    public async Task Call_OfferWithoutOpus_Is422()
    {
        using HttpResponseMessage response = await _signaling.PostOfferAsync(Offers.WithoutOpus);

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "unsupported_media"),
            (response.StatusCode, await SignalingHarness.CodeAsync(response)));
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/octet-stream")]
    public async Task Call_WrongMediaType_Is415(string contentType)
    {
        using HttpResponseMessage response = await _signaling.PostOfferAsync(Offers.Chromium, contentType: contentType);

        Assert.Equal((HttpStatusCode.UnsupportedMediaType, "unsupported_media_type"),
            (response.StatusCode, await SignalingHarness.CodeAsync(response)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Call_OfferAbove64KiB_Is413WhetherItsLengthIsToldOrNot(bool tellsLength)
    {
        var content = new StreamContent(new MemoryStream(Encoding.ASCII.GetBytes(Offers.Chromium + new string('a', 65_536))));
        content.Headers.ContentType = new("application/sdp");
        if (!tellsLength) content.Headers.ContentLength = null;
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/realtime/calls") { Content = content };
        request.Headers.TransferEncodingChunked = tellsLength ? null : true;
        request.Headers.Authorization = new("Bearer", FakeSecretStore.ApiKey);
        using HttpResponseMessage response = await _signaling.Http.SendAsync(request);

        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "request_too_large"),
            (response.StatusCode, await SignalingHarness.CodeAsync(response)));
        Assert.Equal("*", response.Headers.GetValues("Access-Control-Allow-Origin").Single());
    }

    [Theory]
    [InlineData("{", "invalid_json")]
    [InlineData("[]", "invalid_json")]
    [InlineData("null", "missing_sdp")]
    [InlineData("{\"sdp\":5}", "invalid_json")]
    [InlineData("{\"sdp\":\"v=0\",\"session\":5}", "invalid_session")]
    [InlineData("""{"sdp":"v=0","session":{"type":"transcription"}}""", "unsupported_session_type")]
    [InlineData("""{"sdp":"v=0","session":{"agent":["echo"]}}""", "invalid_session")]
    [InlineData("""{"sdp":"v=0","max_session_seconds":0}""", "invalid_max_session_seconds")]
    [InlineData("""{"sdp":"v=0","maxSessionSeconds":60}""", "unknown_parameter")]
    public async Task Call_BadJson_Is400(string json, string code)
    {
        using HttpResponseMessage response = await _signaling.PostJsonAsync("/v1/realtime/calls", json);

        Assert.Equal((HttpStatusCode.BadRequest, code), (response.StatusCode, await SignalingHarness.CodeAsync(response)));
    }

    [Theory]
    [InlineData("multipart/form-data")]
    [InlineData("multipart/form-data; boundary=b")]
    public async Task Call_BadMultipart_Is400(string contentType)
    {
        using HttpResponseMessage response = await _signaling.PostOfferAsync(
            "--b\r\nContent-Disposition: form-data; name=\"sdp\"\r\n\r\ncut short", contentType: contentType);

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_multipart"), (response.StatusCode, await SignalingHarness.CodeAsync(response)));
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public async Task Call_MultipartWithAnyLineEnds_IsRead(string lineEnd)
    {
        string body = $$"""
            --b
            Content-Disposition: form-data; name="sdp"
            Content-Type: application/sdp

            {{Offers.Chromium.ReplaceLineEndings("\n")}}
            --b
            Content-Disposition: form-data; name=session

            {
              "agent": "parrot"
            }
            --b--
            """.ReplaceLineEndings(lineEnd);
        using HttpResponseMessage response = await _signaling.PostOfferAsync(body, contentType: "multipart/form-data; boundary=b");

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal("parrot", _signaling.Record(response.Headers.Location!.OriginalString.Split('/')[^1])!.Agent);
    }

    [Theory]
    [InlineData("form-data; name=\"model\"", "unknown_parameter", "model")]
    [InlineData("form-data; name=SDP", "unknown_parameter", "SDP")]
    [InlineData("form-data", "unknown_parameter", "")]
    [InlineData("form-data; name=\"sdp\"", "invalid_multipart", "sdp")]
    [InlineData(null, "invalid_multipart", null)]
    public async Task Call_MultipartFieldThatIsUnknownOrDouble_Is400AndNamed(string? disposition, string code, string? param)
    {
        string header = disposition is null ? "X-Other: 1" : "Content-Disposition: " + disposition;
        string body = "--b\r\nContent-Disposition: form-data; name=sdp\r\n\r\n" + Offers.Chromium
            + $"\r\n--b\r\n{header}\r\n\r\ngpt-realtime\r\n--b--\r\n";
        using HttpResponseMessage response = await _signaling.PostOfferAsync(body, contentType: "multipart/form-data; boundary=b");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        JsonElement error = (await SignalingHarness.JsonAsync(response)).GetProperty("error");
        Assert.Equal((code, param), (error.GetProperty("code").GetString(), error.GetProperty("param").GetString()));
    }

    [Fact]
    public async Task Call_MultipartForATranscription_IsRefusedAndNamesTheField()
    {
        using var form = new MultipartFormDataContent("xoxoBoundary");
        form.Add(Part(Offers.Chromium, "application/sdp"), "sdp");
        form.Add(Part("""{"type":"transcription","audio":{}}""", "application/json"), "session");
        using HttpResponseMessage response = await _signaling.SendAsync(
            HttpMethod.Post, "/v1/realtime/calls", form, FakeSecretStore.ApiKey);
        JsonElement error = (await SignalingHarness.JsonAsync(response)).GetProperty("error");

        Assert.Equal((HttpStatusCode.BadRequest, "unsupported_session_type", "session.type"),
            (response.StatusCode, error.GetProperty("code").GetString(), error.GetProperty("param").GetString()));
    }

    [Fact]
    public async Task Call_OffersOfOtherStacks_AreAnsweredOrRefusedInWords()
    {
        await _signaling.AddOwnerAsync(0, [3, 4, 5], capacity: 1000);
        foreach (string name in SdpVectors.Names) await PostAsync(SdpVectors.Bytes(name), name);
        for (int seed = 0; seed < 100; seed++) await PostAsync(Encoding.UTF8.GetBytes(new RandomOffer(seed).Text), $"seed {seed}");

        async Task PostAsync(byte[] offer, string what)
        {
            var content = new ByteArrayContent(offer);
            content.Headers.ContentType = new("application/sdp");
            using HttpResponseMessage response = await _signaling.SendAsync(
                HttpMethod.Post, "/v1/realtime/calls", content, FakeSecretStore.ApiKey);
            if (response.StatusCode == HttpStatusCode.Created)
            {
                Assert.Contains("a=end-of-candidates", await response.Content.ReadAsStringAsync());
                return;
            }
            JsonElement error = (await SignalingHarness.JsonAsync(response)).GetProperty("error");
            string? code = error.GetProperty("code").GetString();
            Assert.True(((int)response.StatusCode, code) is (400, "invalid_sdp") or (422, "unsupported_media"), $"{what}: {code}");
            Assert.Matches("The offer can't be (used|served): [a-z_]+: ", error.GetProperty("message").GetString());
        }
    }

    [Theory]
    [InlineData("""{"agent":"\ud800"}""")]
    [InlineData("""{"\udc00":1}""")]
    [InlineData("""{"agent":"echo","agent":"parrot"}""")]
    public async Task Call_SessionWithWhatCannotBeRead_Is400InBothForms(string session)
    {
        using HttpResponseMessage json = await _signaling.PostJsonAsync(
            "/v1/realtime/calls", $$"""{"sdp":{{JsonSerializer.Serialize(Offers.Chromium)}},"session":{{session}}}""");
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_json"), (json.StatusCode, await SignalingHarness.CodeAsync(json)));

        using var form = new MultipartFormDataContent("xoxoBoundary");
        form.Add(Part(Offers.Chromium, "application/sdp"), "sdp");
        form.Add(Part(session, "application/json"), "session");
        using HttpResponseMessage multipart = await _signaling.SendAsync(
            HttpMethod.Post, "/v1/realtime/calls", form, FakeSecretStore.ApiKey);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_json"), (multipart.StatusCode, await SignalingHarness.CodeAsync(multipart)));
    }

    [Fact]
    public async Task Call_JsonInBytesThatAreNoUtf8_Is400()
    {
        // Latin 1 writes one byte where UTF-8 has two.
        var content = new ByteArrayContent(Encoding.Latin1.GetBytes("""{"sdp":"v=0","session":{"agent":"ü"}}"""));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using HttpResponseMessage response = await _signaling.SendAsync(
            HttpMethod.Post, "/v1/realtime/calls", content, FakeSecretStore.ApiKey);

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_json"), (response.StatusCode, await SignalingHarness.CodeAsync(response)));
    }

    [Theory]
    [InlineData(10, HttpStatusCode.Created)]
    [InlineData(62, HttpStatusCode.BadRequest)]
    public async Task Call_SessionNestedDeeply_IsServedOrRefusedAndNeverOurError(int depth, HttpStatusCode expected)
    {
        using var form = new MultipartFormDataContent("xoxoBoundary");
        form.Add(Part(Offers.Chromium, "application/sdp"), "sdp");
        form.Add(Part($$"""{"deep":{{new string('[', depth)}}{{new string(']', depth)}}}""", "application/json"), "session");
        using HttpResponseMessage response = await _signaling.SendAsync(
            HttpMethod.Post, "/v1/realtime/calls", form, FakeSecretStore.ApiKey);

        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task Call_SessionAbove16KiB_IsRefused()
    {
        using HttpResponseMessage response = await _signaling.PostJsonAsync(
            "/v1/realtime/calls", JsonSerializer.Serialize(
            new { sdp = Offers.Chromium, session = new { instructions = new string('x', 17_000) } }));

        Assert.Equal((HttpStatusCode.BadRequest, "session_too_large"), (response.StatusCode, await SignalingHarness.CodeAsync(response)));
    }

    [Fact]
    public async Task Call_SessionThatWouldGrowAsJson_HasARecordThatEveryStoreTakes()
    {
        using HttpResponseMessage response = await _signaling.PostJsonAsync(
            "/v1/realtime/calls",
            $$"""{"sdp":{{JsonSerializer.Serialize(Offers.Chromium)}},"session":{"instructions":"{{new string('ü', 8_000)}}"} }""");

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        string callId = (await SignalingHarness.JsonAsync(response)).GetProperty("id").GetString()!;
        Assert.InRange(JsonSerializer.Serialize(_signaling.Record(callId)!, ContractsJson.Default.SessionRecord).Length, 16_000, 29_999);
    }

    [Fact]
    public async Task Call_StoreAway_Is503AndNot500()
    {
        _signaling.Store.IsAway = true;
        using HttpResponseMessage response = await _signaling.PostOfferAsync(Offers.Chromium);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "service_unavailable"),
            (response.StatusCode, await SignalingHarness.CodeAsync(response)));
        Assert.Equal(TimeSpan.FromSeconds(2), response.Headers.RetryAfter!.Delta);
        Assert.Equal("2000", response.Headers.GetValues("retry-after-ms").Single());
        Assert.Empty(_signaling.Publisher.Events);
    }

    [Theory]
    [InlineData(10, 0, false)]
    [InlineData(8, 5.0, false)]
    [InlineData(0, 0, true)]
    public async Task Call_OwnerFullLateOrDraining_Is503WithRetryAfter(int sessions, double lateness, bool draining)
    {
        await _signaling.AddOwnerAsync(0, [3, 4, 5], sessions, capacity: 10, lateness, draining);
        using HttpResponseMessage response = await _signaling.PostOfferAsync(Offers.Chromium);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "over_capacity"),
            (response.StatusCode, await SignalingHarness.CodeAsync(response)));
        Assert.NotNull(response.Headers.RetryAfter);
    }

    [Fact]
    public async Task Call_ProblemAskedFor_IsProblemDetails()
    {
        using HttpResponseMessage response = await _signaling.SendAsync(
            HttpMethod.Post, "/v1/realtime/calls", headers: ("Accept", "application/problem+json"));

        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.ToString());
        JsonElement problem = await SignalingHarness.JsonAsync(response);
        Assert.Equal((401, "urn:dapr-voice:error:missing_api_key"),
            (problem.GetProperty("status").GetInt32(), problem.GetProperty("type").GetString()));
    }

    [Fact]
    public async Task Call_Logs_HoldNoKeyNoPasswordAndNoSdp()
    {
        string ephemeral = await _signaling.EphemeralKeyAsync();
        string callId = await _signaling.CallAsync(ephemeral);
        using (await _signaling.PostOfferAsync("v=0\r\nnonsense " + Offers.Password)) { }
        using (await _signaling.SendAsync(HttpMethod.Post, $"/v1/realtime/calls/{callId}/hangup", null, FakeSecretStore.ApiKey)) { }
        await _signaling.DrainAsync();

        string logs = _signaling.Logs.Text;
        Assert.Contains(callId, logs);
        foreach (string secret in (string[])[FakeSecretStore.ApiKey, ephemeral, Offers.Password, Offers.Fingerprint,
            IcePassword.Derive(_signaling.Keys.PasswordKeys, _signaling.Record(callId)!.LocalUfrag), "a=ice", "m=audio"])
            Assert.DoesNotContain(secret, logs);
    }

    [Fact]
    public async Task Call_AnyBytesAtAll_AreRefusedAndNeverAnError()
    {
        var random = new Random(7);
        string[] types = ["application/sdp", "application/json", "multipart/form-data; boundary=b", "text/plain",
            "application/json; charset=utf-16"];
        for (int i = 0; i < 200; i++)
        {
            byte[] body = new byte[random.Next(600)];
            random.NextBytes(body);
            if (i % 3 == 0)
            {
                string lineEnd = i % 2 == 0 ? "\r\n" : "\n";
                byte[] head = Encoding.ASCII.GetBytes($"--b{lineEnd}Content-Disposition: form-data; name=sdp{lineEnd}{lineEnd}");
                head.AsSpan(0, Math.Min(head.Length, body.Length)).CopyTo(body);
            }
            var content = new ByteArrayContent(body);
            content.Headers.ContentType = MediaTypeHeaderValue.Parse(types[i % types.Length]);
            using HttpResponseMessage response = await _signaling.SendAsync(
                HttpMethod.Post, "/v1/realtime/calls", content, FakeSecretStore.ApiKey);
            Assert.InRange((int)response.StatusCode, 400, 499);
        }
    }

    private static StringContent Part(string text, string type)
    {
        var part = new StringContent(text);
        part.Headers.ContentType = new(type);
        return part;
    }
}

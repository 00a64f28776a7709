using System.Net;
using System.Text;
using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Steering;
using Dapr.Voice.TestKit;
using Dapr.Voice.Tests.Unit.Hosting;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Signaling;

/// <summary><c>PATCH /v1/realtime/calls/{id}</c>: the ICE of a call restarts.</summary>
public sealed class RestartTests : IAsyncLifetime
{
    private const string Password = "againagainagainagainagain";
    private static readonly string Offer = Offers.Chromium.Replace(Offers.Ufrag, "agai", StringComparison.Ordinal)
        .Replace(Offers.Password, Password, StringComparison.Ordinal);

    private SignalingHarness _signaling = null!;

    public async Task InitializeAsync() => _signaling = await SignalingHarness.StartAsync();

    public async Task DisposeAsync() => await _signaling.DisposeAsync();

    [Theory]
    [InlineData("")]
    [InlineData("/openai")]
    public async Task Restart_OfALivingCall_IsAnsweredWithTheNextGenerationOfItsHint(string prefix)
    {
        string callId = await _signaling.CallAsync();
        string ufrag = NextUfrag(callId);
        _signaling.Invoker.RestartedUfrag = ufrag;
        using HttpResponseMessage response = await PatchAsync(callId, Offer, prefix: prefix);
        string answer = await response.Content.ReadAsStringAsync();

        Assert.Equal((HttpStatusCode.OK, "application/sdp"), (response.StatusCode, response.Content.Headers.ContentType!.ToString()));
        Assert.Contains($"a=ice-ufrag:{ufrag}\r\n", answer);
        Assert.Contains($"a=ice-pwd:{IcePassword.Derive(_signaling.Keys.PasswordKeys, ufrag)}\r\n", answer);
        Assert.Contains("a=candidate:1 1 udp 2130706431 203.0.113.7 3478 typ host", answer);
        Assert.Contains($"a=ssrc:{_signaling.Record(callId)!.Answer.AudioSsrc} ", answer);
        Assert.Matches("^v=0\r\no=- [0-9]+ 2 IN ", answer);

        Invocation asked = _signaling.Invoker.Calls.Last();
        Assert.Equal((SignalingHarness.Owner, $"internal/v1/sessions/{callId}/ice-restart"), (asked.AppId, asked.Path));
        Assert.DoesNotContain(Password, asked.Body);
        IceRestart restart = JsonSerializer.Deserialize(asked.Body!, ContractsJson.Default.IceRestart)!;
        Assert.Equal(("agai", Password),
            (restart.IceUfrag, SealedIcePassword.TryOpen(_signaling.Keys.PasswordKeys, callId, restart.SealedIcePwd)));
    }

    [Theory]
    [InlineData("not_a_restart", 422)]
    [InlineData("restart_changes_dtls", 422)]
    [InlineData("restart_changes_media", 422)]
    [InlineData("invalid_sdp", 400)]
    public async Task Restart_ThatChangesMoreThanIce_IsRefusedAndTheOwnerIsNotAsked(string code, int status)
    {
        string callId = await _signaling.CallAsync();
        int before = _signaling.Invoker.Calls.Count(c => c.Path.EndsWith("ice-restart", StringComparison.Ordinal));
        string offer = code switch
        {
            "not_a_restart" => Offers.Chromium,
            "restart_changes_dtls" => Offer.Replace(
                Offers.Fingerprint, "sha-256 " + string.Join(':', Enumerable.Repeat("AB", 32)), StringComparison.Ordinal),
            "restart_changes_media" => Offer.Replace("a=sctp-port:5000", "a=sctp-port:5001", StringComparison.Ordinal),
            _ => "v=0",
        };
        using HttpResponseMessage response = await PatchAsync(callId, offer);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(code, await CodeOf(response));
        Assert.Equal(before, _signaling.Invoker.Calls.Count(c => c.Path.EndsWith("ice-restart", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Restart_OfACallThatNobodyHas_Is409AndAnUnknownOneIs404()
    {
        string callId = await _signaling.CallAsync();
        using HttpResponseMessage gone = await PatchAsync(callId, Offer);
        Assert.Equal((HttpStatusCode.Conflict, "call_not_connected"), (gone.StatusCode, await CodeOf(gone)));
        using HttpResponseMessage unknown = await PatchAsync("rtc_local_aaaaaaaaaaaaa", Offer);
        Assert.Equal((HttpStatusCode.NotFound, "call_not_found"), (unknown.StatusCode, await CodeOf(unknown)));
    }

    [Fact]
    public async Task Restart_OfACallWhoseRecordHasNoCertificate_Is409()
    {
        string callId = await _signaling.CallAsync();
        SessionRecord record = _signaling.Record(callId)!;
        record = record with { Answer = record.Answer with { CertificateFingerprint = null } };
        await _signaling.Store.SaveAsync(
            ComponentNames.Sessions, StateKeys.Session(callId), record, ContractsJson.Default.SessionRecord,
            cancellation: CancellationToken.None);
        using HttpResponseMessage response = await PatchAsync(callId, Offer);
        Assert.Equal((HttpStatusCode.Conflict, "call_of_earlier_version"), (response.StatusCode, await CodeOf(response)));
    }

    [Fact]
    public async Task Restart_OwnerDoesNotAnswer_Is503()
    {
        string callId = await _signaling.CallAsync();
        _signaling.Invoker.Answer = static _ => FakeInvoker.Failed(InvocationOutcome.TimedOut);
        using HttpResponseMessage response = await PatchAsync(callId, Offer);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
    }

    [Fact]
    public async Task Restart_WithoutAKeyOrWithASession_IsRefused()
    {
        string callId = await _signaling.CallAsync();
        using HttpResponseMessage stranger = await PatchAsync(callId, Offer, key: "wrong");
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
        using var body = new StringContent(
            JsonSerializer.Serialize(new { sdp = Offer, session = new { type = "realtime" } }), Encoding.UTF8, "application/json");
        using HttpResponseMessage session = await _signaling.SendAsync(
            HttpMethod.Patch, $"/v1/realtime/calls/{callId}", body, FakeSecretStore.ApiKey);
        Assert.Equal((HttpStatusCode.BadRequest, "unknown_parameter"), (session.StatusCode, await CodeOf(session)));
    }

    private Task<HttpResponseMessage> PatchAsync(string callId, string offer, string key = FakeSecretStore.ApiKey, string prefix = "")
        => _signaling.SendAsync(HttpMethod.Patch, $"{prefix}/v1/realtime/calls/{callId}",
            new StringContent(offer, Encoding.UTF8, "application/sdp"), key);

    private string NextUfrag(string callId)
    {
        RoutingHint.TryDecode(
            Encoding.ASCII.GetBytes(_signaling.Record(callId)!.LocalUfrag), _signaling.Keys.HintKeys, out RoutingHint hint, out _);
        return (hint with { Generation = 1 }).Encode(_signaling.Keys.HintKeys);
    }

    private static async Task<string?> CodeOf(HttpResponseMessage response)
        => JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("error").GetProperty("code").GetString();
}

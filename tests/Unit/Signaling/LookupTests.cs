using System.Net;
using Dapr.Voice.Contracts;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Tests.Unit.Hosting;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Signaling;

/// <summary>Calls whose record the store has lost: the transceivers are asked before a caller hears that there is no such call.</summary>
public sealed class LookupTests : IAsyncLifetime
{
    private const string Unknown = "rtc_local_aaaaaaaaaaaaa";

    private SignalingHarness _signaling = null!;

    public async Task InitializeAsync() => _signaling = await SignalingHarness.StartAsync();

    public async Task DisposeAsync() => await _signaling.DisposeAsync();

    private Task<HttpResponseMessage> GetAsync(string callId, string? key = FakeSecretStore.ApiKey)
        => _signaling.SendAsync(HttpMethod.Get, $"/v1/realtime/calls/{callId}", null, key);

    private Task<HttpResponseMessage> HangUpAsync(string callId, string? key = FakeSecretStore.ApiKey)
        => _signaling.SendAsync(HttpMethod.Post, $"/v1/realtime/calls/{callId}/hangup", null, key);

    private IEnumerable<Invocation> Questions => _signaling.Invoker.Calls.Where(call => call.Method == HttpMethod.Get);

    /// <summary>A call that lives at transceiver-01, and whose record the store has lost.</summary>
    private async Task<SessionRecord> LostAsync(string? key = FakeSecretStore.ApiKey)
    {
        await _signaling.AddOwnerAsync(1, slots: [6, 7]);
        string callId = await _signaling.CallAsync(key);
        SessionRecord living = _signaling.Record(callId)! with { State = SessionState.Connected, OwnerAppId = "transceiver-01" };
        await _signaling.DrainAsync();
        _signaling.Store.Wipe();
        _signaling.Invoker.Calls.Clear();
        _signaling.Invoker.Read = call => call.AppId == "transceiver-01" && call.Path.Contains(callId, StringComparison.Ordinal)
            ? living : null;
        return living;
    }

    [Fact]
    public async Task Get_RecordLost_IsAnsweredByTheOwnerWhichIsToldThatItIsMissing()
    {
        SessionRecord living = await LostAsync();
        using HttpResponseMessage response = await GetAsync(living.CallId);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("connected", (await SignalingHarness.JsonAsync(response)).GetProperty("state").GetString());
        Assert.Equal(["transceiver-00", "transceiver-01"], Questions.Select(q => q.AppId).Order());
        Assert.All(Questions, q => Assert.Equal($"internal/v1/sessions/{living.CallId}?record=missing", q.Path));
    }

    [Fact]
    public async Task Get_FleetsRecordsLostToo_StillFindsTheOwner()
    {
        SessionRecord living = await LostAsync();
        // The fleet's records are gone with the others. The next look at them finds nobody.
        await _signaling.RefreshAsync();
        using HttpResponseMessage response = await GetAsync(living.CallId);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task HangUp_RecordLost_EndsTheCallAtItsOwner()
    {
        SessionRecord living = await LostAsync();
        using HttpResponseMessage response = await HangUpAsync(living.CallId);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Invocation end = Assert.Single(_signaling.Invoker.Calls, call => call.Method == HttpMethod.Delete);
        Assert.Equal("transceiver-01", end.AppId);
    }

    [Fact]
    public async Task Get_RecordLost_IsForItsOwnKeyOnly()
    {
        string mine = await _signaling.EphemeralKeyAsync(), other = await _signaling.EphemeralKeyAsync();
        SessionRecord living = await LostAsync(mine);
        using HttpResponseMessage refused = await GetAsync(living.CallId, other), answered = await GetAsync(living.CallId, mine);
        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.OK), (refused.StatusCode, answered.StatusCode));
    }

    [Theory]
    [InlineData(InvocationOutcome.TimedOut)]
    [InlineData(InvocationOutcome.Unavailable)]
    public async Task Get_RecordLostAndATransceiverDoesNotAnswer_Is503(InvocationOutcome outcome)
    {
        await _signaling.AddOwnerAsync(1, slots: [6, 7]);
        _signaling.Invoker.Answer = call => call.AppId == "transceiver-01" ? FakeInvoker.Failed(outcome) : FakeInvoker.Done;
        using HttpResponseMessage get = await GetAsync(Unknown), end = await HangUpAsync(Unknown);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable), (get.StatusCode, end.StatusCode));
        Assert.NotNull(get.Headers.RetryAfter);
    }

    [Fact]
    public async Task Get_NobodyHasTheCall_Is404AfterAskingEach()
    {
        await _signaling.AddOwnerAsync(1, slots: [6, 7]);
        using HttpResponseMessage response = await GetAsync(Unknown);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal(2, Questions.Count());
    }

    [Theory]
    [InlineData("rtc_elsewhere_aaaaaaaaaaaaa")]
    [InlineData("rtc_local_0000000000000")]
    [InlineData("nonsense")]
    public async Task Get_IdThatIsNoCallOfThisRegion_Is404WithoutAQuestion(string callId)
    {
        using HttpResponseMessage response = await GetAsync(callId);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Empty(Questions);
    }

    [Fact]
    public async Task Get_StoreAway_Is503WithoutAQuestion()
    {
        _signaling.Store.IsAway = true;
        using HttpResponseMessage response = await GetAsync(Unknown);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Empty(Questions);
    }

    [Fact]
    public async Task Get_ManyIdsThatDoNotExist_CostTheCallerItsLimitAndTheFleetLittle()
    {
        await using SignalingHarness limited = await SignalingHarness.StartAsync(settings =>
        {
            settings["Signaling:CallsPerSecondPerCaller"] = "1";
            settings["Signaling:CallBurstPerCaller"] = "3";
        });
        var seen = new List<HttpStatusCode>();
        for (int i = 0; i < 10; i++)
        {
            using HttpResponseMessage response = await limited.SendAsync(
                HttpMethod.Get, $"/v1/realtime/calls/rtc_local_aaaaaaaaaaa{(char)('a' + i)}a", null, FakeSecretStore.ApiKey);
            seen.Add(response.StatusCode);
        }
        Assert.Equal((3, 7), (seen.Count(s => s == HttpStatusCode.NotFound), seen.Count(s => s == HttpStatusCode.TooManyRequests)));
        Assert.Equal(3, limited.Invoker.Calls.Count(call => call.Method == HttpMethod.Get));
    }
}

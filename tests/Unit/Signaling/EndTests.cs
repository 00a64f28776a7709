using System.Net;
using Dapr.Voice.Contracts;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Signaling.Sessions;
using Dapr.Voice.Tests.Unit.Hosting;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Signaling;

public sealed class EndTests : IAsyncLifetime
{
    private SignalingHarness _signaling = null!;

    public async Task InitializeAsync() => _signaling = await SignalingHarness.StartAsync();

    public async Task DisposeAsync() => await _signaling.DisposeAsync();

    private IEnumerable<Published> EndedEvents => _signaling.Publisher.Events.Where(e => e.Event.Type == LifecycleEventTypes.SessionEnded);

    [Theory]
    [InlineData("POST", "/hangup")]
    [InlineData("DELETE", "")]
    public async Task Hangup_OwnerKnowsTheCall_LeavesTheRestToTheOwner(string method, string suffix)
    {
        string callId = await _signaling.CallAsync();
        using HttpResponseMessage response = await _signaling.SendAsync(
            new(method), $"/v1/realtime/calls/{callId}{suffix}", null, FakeSecretStore.ApiKey);
        await _signaling.DrainAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
        Assert.Contains(new Invocation(SignalingHarness.Owner, HttpMethod.Delete, $"internal/v1/sessions/{callId}?reason=api_hangup", null),
            _signaling.Invoker.Calls);
        Assert.Equal(SessionState.Created, _signaling.Record(callId)!.State);
        Assert.Empty(EndedEvents);
    }

    [Theory]
    [InlineData(HttpStatusCode.NotFound)]
    [InlineData(HttpStatusCode.Gone)]
    [InlineData(HttpStatusCode.Conflict)]
    public async Task Hangup_NoOwnerKnowsTheCall_EndsTheRecordAndPublishesOnce(HttpStatusCode status)
    {
        string callId = await _signaling.CallAsync();
        _signaling.Invoker.Answer = call => call.Method == HttpMethod.Delete ? FakeInvoker.Refused(status)
            : FakeInvoker.Done;
        for (int i = 0; i < 3; i++)
        {
            using HttpResponseMessage response = await _signaling.SendAsync(
                HttpMethod.Post, $"/v1/realtime/calls/{callId}/hangup", null, FakeSecretStore.ApiKey);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
        await _signaling.DrainAsync();

        SessionRecord record = _signaling.Record(callId)!;
        Assert.Equal((SessionState.Ended, SessionEndReason.ApiHangup, 2L), (record.State, record.EndReason, record.EventSequence));
        Published ended = Assert.Single(EndedEvents);
        Assert.Equal((callId + "/2", SessionEndReason.ApiHangup), (ended.Event.Id, ended.Event.Data.Reason));
    }

    [Fact]
    public async Task Hangup_OwnersLeaseHasRunOut_EndsTheRecordWithoutAskingIt()
    {
        string callId = await _signaling.CallAsync();
        for (int look = 0; look < 10; look++)
        {
            _signaling.Time.Advance(TimeSpan.FromSeconds(1));
            await _signaling.RefreshAsync();
        }
        using HttpResponseMessage response = await _signaling.SendAsync(
            HttpMethod.Post, $"/v1/realtime/calls/{callId}/hangup", null, FakeSecretStore.ApiKey);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.DoesNotContain(_signaling.Invoker.Calls, call => call.Method == HttpMethod.Delete);
        Assert.Equal(SessionState.Ended, _signaling.Record(callId)!.State);
    }

    [Theory]
    [InlineData(InvocationOutcome.TimedOut)]
    [InlineData(InvocationOutcome.Unavailable)]
    public async Task Hangup_LiveOwnerDoesNotAnswer_Is503AndTheRecordStays(InvocationOutcome outcome)
    {
        string callId = await _signaling.CallAsync();
        _signaling.Invoker.Answer = _ => FakeInvoker.Failed(outcome);
        using HttpResponseMessage response = await _signaling.SendAsync(
            HttpMethod.Post, $"/v1/realtime/calls/{callId}/hangup", null, FakeSecretStore.ApiKey);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.NotNull(response.Headers.RetryAfter);
        Assert.Equal(SessionState.Created, _signaling.Record(callId)!.State);
    }

    [Fact]
    public async Task Hangup_AnswerOfTheWriteIsLost_IsPublishedAllTheSame()
    {
        string callId = await _signaling.CallAsync();
        _signaling.Invoker.Answer = call => call.Method == HttpMethod.Post ? FakeInvoker.Done
            : FakeInvoker.Refused(HttpStatusCode.NotFound);
        bool isFirst = true;
        _signaling.Store.LosesAnswer = _ => isFirst && !(isFirst = false);
        SessionEnd end = await _signaling.Service<SessionEnder>()
            .EndAsync(callId, SessionEndReason.ApiHangup, null, static () => null, CancellationToken.None);
        await _signaling.DrainAsync();

        Assert.Equal(EndOutcome.Ended, end.Outcome);
        Assert.Single(EndedEvents);
    }

    [Fact]
    public async Task Hangup_OwnerEndsItInBetween_IsNotPublishedHere()
    {
        string callId = await _signaling.CallAsync();
        _signaling.Invoker.Answer = call =>
        {
            if (call.Method != HttpMethod.Delete) return FakeInvoker.Done;
            SessionRecord ended = _signaling.Record(callId)! with { State = SessionState.Ended, EndReason = SessionEndReason.ClientHangup };
            _signaling.Store.SaveAsync(ComponentNames.Sessions, StateKeys.Session(callId), ended, ContractsJson.Default.SessionRecord)
                .GetAwaiter().GetResult();
            return FakeInvoker.Refused(HttpStatusCode.NotFound);
        };
        SessionEnd end = await _signaling.Service<SessionEnder>()
            .EndAsync(callId, SessionEndReason.ApiHangup, null, static () => null, CancellationToken.None);
        await _signaling.DrainAsync();

        Assert.Equal(EndOutcome.AlreadyEnded, end.Outcome);
        Assert.Empty(EndedEvents);
        Assert.Equal(SessionEndReason.ClientHangup, _signaling.Record(callId)!.EndReason);
    }

    [Theory]
    [InlineData("rtc_local_aaaaaaaaaaaaa")]
    [InlineData("nonsense")]
    [InlineData("rtc_local_..%2F..%2F..%2Fa")]
    public async Task Hangup_UnknownCall_Is404(string callId)
    {
        using HttpResponseMessage response = await _signaling.SendAsync(
            HttpMethod.Post, $"/v1/realtime/calls/{callId}/hangup", null, FakeSecretStore.ApiKey);

        Assert.Equal((HttpStatusCode.NotFound, "call_not_found"), (response.StatusCode, await SignalingHarness.CodeAsync(response)));
    }

    [Fact]
    public async Task Hangup_ByEphemeralKey_WorksForItsOwnCallsOnly()
    {
        string mine = await _signaling.EphemeralKeyAsync(), other = await _signaling.EphemeralKeyAsync();
        string callId = await _signaling.CallAsync(mine);
        using HttpResponseMessage refused = await _signaling.SendAsync(HttpMethod.Post, $"/v1/realtime/calls/{callId}/hangup", null, other);
        using HttpResponseMessage done = await _signaling.SendAsync(HttpMethod.Post, $"/v1/realtime/calls/{callId}/hangup", null, mine);

        Assert.Equal((HttpStatusCode.Forbidden, "call_not_yours"), (refused.StatusCode, await SignalingHarness.CodeAsync(refused)));
        Assert.Equal(HttpStatusCode.OK, done.StatusCode);
    }

    /// <summary>Keys are short-lived, and a call outlives the key that made it.</summary>
    [Theory]
    [InlineData("GET", "")]
    [InlineData("POST", "/hangup")]
    [InlineData("DELETE", "")]
    public async Task OwnCall_ByAKeyAfterItsTime_IsServed(string method, string suffix)
    {
        string mine = await _signaling.EphemeralKeyAsync(), other = await _signaling.EphemeralKeyAsync();
        string callId = await _signaling.CallAsync(mine);
        _signaling.Time.Advance(TimeSpan.FromHours(1));
        using HttpResponseMessage refused = await _signaling.SendAsync(
            new(method), $"/v1/realtime/calls/{callId}{suffix}", null, other);
        using HttpResponseMessage done = await _signaling.SendAsync(new(method), $"/v1/realtime/calls/{callId}{suffix}", null, mine);
        using HttpResponseMessage another = await _signaling.PostOfferAsync(TestKit.Offers.Chromium, "", mine);

        Assert.Equal((HttpStatusCode.Forbidden, "call_not_yours"), (refused.StatusCode, await SignalingHarness.CodeAsync(refused)));
        Assert.Equal(HttpStatusCode.OK, done.StatusCode);
        Assert.Equal((HttpStatusCode.Unauthorized, "ephemeral_key_expired"),
            (another.StatusCode, await SignalingHarness.CodeAsync(another)));
    }

    [Fact]
    public async Task Hangup_StoreAway_Is503()
    {
        string callId = await _signaling.CallAsync();
        _signaling.Store.IsAway = true;
        using HttpResponseMessage response = await _signaling.SendAsync(
            HttpMethod.Post, $"/v1/realtime/calls/{callId}/hangup", null, FakeSecretStore.ApiKey);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
    }

    [Theory]
    [InlineData("accept")]
    [InlineData("reject")]
    [InlineData("refer")]
    public async Task SipOperation_AnyCall_Is404UnsupportedOperation(string operation)
    {
        using HttpResponseMessage response = await _signaling.SendAsync(
            HttpMethod.Post, $"/v1/realtime/calls/rtc_local_aaaaaaaaaaaaa/{operation}", null, FakeSecretStore.ApiKey);

        Assert.Equal((HttpStatusCode.NotFound, "unsupported_operation"), (response.StatusCode, await SignalingHarness.CodeAsync(response)));
    }
}

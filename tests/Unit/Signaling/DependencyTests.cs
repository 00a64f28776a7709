using System.Net;
using Dapr.Voice.Contracts;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Signaling.Sessions;
using Dapr.Voice.TestKit;
using Dapr.Voice.Tests.Unit.Hosting;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Signaling;

/// <summary>
/// The dependencies of signaling fail in every way: whoever asks gets 503 with a reason and a time to try again, and everything works again
/// when they do, without a restart.
/// </summary>
public sealed class DependencyTests : IAsyncLifetime
{
    private SignalingHarness _signaling = null!;

    public async Task InitializeAsync() => _signaling = await SignalingHarness.StartAsync();

    public async Task DisposeAsync() => await _signaling.DisposeAsync();

    private static async Task AssertRefusedAsync(HttpResponseMessage response)
    {
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.NotNull(response.Headers.RetryAfter);
        Assert.Equal("service_unavailable", await SignalingHarness.CodeAsync(response));
    }

    [Theory]
    [InlineData(StateFault.Conflict)]
    [InlineData(StateFault.Error)]
    [InlineData(StateFault.Garbage)]
    [InlineData(StateFault.Refused)]
    [InlineData(StateFault.Silent)]
    public async Task StoreFails_NewCallsGet503_AndWorkAgainAfterwards(StateFault fault)
    {
        string before = await _signaling.CallAsync();
        _signaling.Store.Fault = fault;
        for (int i = 0; i < 3; i++)
        {
            using HttpResponseMessage refused = await _signaling.PostOfferAsync(Offers.Chromium);
            await AssertRefusedAsync(refused);
        }
        // The fleet that is known already stays known for some seconds.
        await _signaling.RefreshAsync();
        _signaling.Store.Fault = StateFault.None;
        await _signaling.AddOwnerAsync(0, slots: [3, 4, 5]);
        string after = await _signaling.CallAsync();
        Assert.NotNull(_signaling.Record(before));
        Assert.NotNull(_signaling.Record(after));
    }

    [Theory]
    [InlineData(StateFault.Error)]
    [InlineData(StateFault.Garbage)]
    [InlineData(StateFault.Refused)]
    [InlineData(StateFault.Silent)]
    public async Task StoreFails_StatusAndHangUpGet503_AndWorkAgainAfterwards(StateFault fault)
    {
        string callId = await _signaling.CallAsync();
        string path = $"/v1/realtime/calls/{callId}";
        _signaling.Store.Fault = fault;
        using HttpResponseMessage get = await _signaling.SendAsync(HttpMethod.Get, path, null, FakeSecretStore.ApiKey);
        using HttpResponseMessage end = await _signaling.SendAsync(HttpMethod.Delete, path, null, FakeSecretStore.ApiKey);
        await AssertRefusedAsync(get);
        await AssertRefusedAsync(end);
        _signaling.Store.Fault = StateFault.None;
        using HttpResponseMessage again = await _signaling.SendAsync(HttpMethod.Get, path, null, FakeSecretStore.ApiKey);
        using HttpResponseMessage ended = await _signaling.SendAsync(HttpMethod.Delete, path, null, FakeSecretStore.ApiKey);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (again.StatusCode, ended.StatusCode));
    }

    [Fact]
    public async Task StoreIsSlow_CallsWork()
    {
        _signaling.Store.Fault = StateFault.Slow;
        await _signaling.CallAsync();
    }

    [Theory]
    [InlineData(StateFault.Error)]
    [InlineData(StateFault.Garbage)]
    [InlineData(StateFault.Refused)]
    [InlineData(StateFault.Silent)]
    public async Task StoreFailsForLong_ServiceSaysThatItIsNotReady_AndIsAgainAfterwards(StateFault fault)
    {
        _signaling.Store.Fault = fault;
        _signaling.Time.Advance(TimeSpan.FromSeconds(10));
        await _signaling.RefreshAsync();
        using HttpResponseMessage waiting = await _signaling.SendAsync(HttpMethod.Get, "/readyz");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, waiting.StatusCode);
        using HttpResponseMessage refused = await _signaling.PostOfferAsync(Offers.Chromium);
        await AssertRefusedAsync(refused);
        _signaling.Store.Fault = StateFault.None;
        await _signaling.AddOwnerAsync(0, slots: [3, 4, 5]);
        using HttpResponseMessage ready = await _signaling.SendAsync(HttpMethod.Get, "/readyz");
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        await _signaling.CallAsync();
    }

    [Theory]
    [InlineData(InvocationOutcome.Refused)]
    [InlineData(InvocationOutcome.Unreachable)]
    [InlineData(InvocationOutcome.TimedOut)]
    [InlineData(InvocationOutcome.Unavailable)]
    public async Task OwnerFails_CallsAreAnsweredAllTheSame(InvocationOutcome outcome)
    {
        _signaling.Invoker.Answer = call => call.Method == HttpMethod.Post ? FakeInvoker.Failed(outcome)
            : FakeInvoker.Refused(HttpStatusCode.NotFound);
        string before = await _signaling.CallAsync();
        // Whoever waits moves the clock. Only after the last one has waited does a new lease last.
        await Wait.UntilAsync(() => _signaling.Record(before)!.State == SessionState.Ended, "the end of the call that nobody took");
        _signaling.Invoker.Answer = static _ => FakeInvoker.Done;
        await _signaling.AddOwnerAsync(0, slots: [3, 4, 5]);
        await _signaling.CallAsync();
    }

    [Fact]
    public async Task BrokerFails_EventsThatWaitAreBounded()
    {
        var gate = new TaskCompletionSource();
        _signaling.Publisher.Gate = gate.Task;
        SessionRecord record = _signaling.Record(await _signaling.CallAsync())!;
        LifecyclePublisher publisher = _signaling.Service<LifecyclePublisher>();
        for (int i = 0; i < LifecyclePublisher.MaximumWaiting + 1000; i++) publisher.Publish(LifecycleEventTypes.SessionCreated, record);
        gate.SetResult();
        await _signaling.DrainAsync();
        Assert.InRange(_signaling.Publisher.Events.Count, 1, LifecyclePublisher.MaximumWaiting + 100);
        Assert.Contains("is full", _signaling.Logs.Text, StringComparison.Ordinal);
    }
}

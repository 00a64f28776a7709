using Dapr.Voice.Contracts;
using Dapr.Voice.Signaling.Sessions;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Signaling;

/// <summary>Events of signaling while the broker or the store is away. Time jumps over every pause.</summary>
public sealed class PublisherTests : IAsyncLifetime
{
    private SignalingHarness _signaling = null!;

    public async Task InitializeAsync() => _signaling = await SignalingHarness.StartAsync();

    public async Task DisposeAsync() => await _signaling.DisposeAsync();

    private IEnumerable<Published> Of(string type) => _signaling.Publisher.Events.Where(e => e.Event.Type == type);

    [Fact]
    public async Task Created_BrokerAwayForNineMinutes_IsPublishedOnce()
    {
        DateTimeOffset began = _signaling.Time.GetUtcNow();
        _signaling.Publisher.IsAway = () => _signaling.Time.GetUtcNow() - began < TimeSpan.FromMinutes(9);
        string callId = await _signaling.CallAsync();
        while (!_signaling.Publisher.Events.Any()) await Task.Yield();
        Assert.Equal(callId + "/1", Assert.Single(Of(LifecycleEventTypes.SessionCreated)).Event.Id);
        Assert.True(_signaling.Time.GetUtcNow() - began >= TimeSpan.FromMinutes(9));
    }

    [Fact]
    public async Task Created_BrokerAwayForever_IsGivenUpAndSaid()
    {
        _signaling.Publisher.IsAway = static () => true;
        await _signaling.CallAsync();
        while (!_signaling.Logs.Text.Contains("is lost", StringComparison.Ordinal)) await Task.Yield();
        // The worker is free again.
        _signaling.Publisher.IsAway = static () => false;
        await _signaling.AddOwnerAsync(0, slots: [3]);
        await _signaling.CallAsync();
        while (!_signaling.Publisher.Events.Any()) await Task.Yield();
    }

    [Fact]
    public async Task End_StoreDoesNotSayWhetherItWasWritten_IsPublishedOnceItDoes()
    {
        string callId = await _signaling.CallAsync();
        _signaling.Invoker.Answer = _ => FakeInvoker.Refused(System.Net.HttpStatusCode.NotFound);
        // The end is written, its answer is lost, and then the store is away.
        _signaling.Store.LosesAnswer = _ =>
        {
            _signaling.Store.AwayForReads = 3;
            return true;
        };
        SessionEnd end = await _signaling.Service<SessionEnder>()
            .EndAsync(callId, SessionEndReason.ApiHangup, null, static () => null, CancellationToken.None);
        Assert.Equal(EndOutcome.Unknown, end.Outcome);
        _signaling.Store.LosesAnswer = static _ => false;
        while (!Of(LifecycleEventTypes.SessionEnded).Any()) await Task.Yield();
        Assert.Equal(EndOutcome.AlreadyEnded, (await _signaling.Service<SessionEnder>()
            .EndAsync(callId, SessionEndReason.ApiHangup, null, static () => null, CancellationToken.None)).Outcome);
        await _signaling.DrainAsync();
        Assert.Equal(callId + "/2", Assert.Single(Of(LifecycleEventTypes.SessionEnded)).Event.Id);
    }

    [Fact]
    public async Task End_ByManyAtOnce_IsPublishedOnce()
    {
        _signaling.Invoker.Answer = call => call.Method == HttpMethod.Post ? FakeInvoker.Done
            : FakeInvoker.Refused(System.Net.HttpStatusCode.NotFound);
        for (int round = 0; round < 20; round++)
        {
            string callId = await _signaling.CallAsync();
            await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => _signaling.Service<SessionEnder>().EndAsync(
                callId, SessionEndReason.ApiHangup, null, static () => null, CancellationToken.None))));
        }
        await _signaling.DrainAsync();
        Assert.Equal(20, Of(LifecycleEventTypes.SessionEnded).Count());
    }
}

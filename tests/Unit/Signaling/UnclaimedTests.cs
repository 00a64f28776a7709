using System.Net;
using Dapr.Voice.Contracts;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Signaling.Sessions;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Signaling;

/// <summary>
/// Sessions whose owner refused them when they were pushed: their callers have an answer, and their records must end all the same.
/// </summary>
public sealed class UnclaimedTests : IAsyncLifetime
{
    private SignalingHarness _signaling = null!;

    public async Task InitializeAsync() => _signaling = await SignalingHarness.StartAsync();

    public async Task DisposeAsync() => await _signaling.DisposeAsync();

    private IEnumerable<Published> EndedEvents => _signaling.Publisher.Events.Where(e => e.Event.Type == LifecycleEventTypes.SessionEnded);

    [Theory]
    [InlineData(InvocationOutcome.Refused, HttpStatusCode.ServiceUnavailable)]
    [InlineData(InvocationOutcome.Refused, HttpStatusCode.Conflict)]
    [InlineData(InvocationOutcome.Unreachable, default(HttpStatusCode))]
    public async Task Push_Refused_SessionEndsBySetupTimeoutAndIsPublishedOnce(InvocationOutcome outcome, HttpStatusCode status)
    {
        _signaling.Invoker.Answer = call => call.Method == HttpMethod.Post ? new(outcome, status, "NO")
            : FakeInvoker.Refused(HttpStatusCode.NotFound);
        string callId = await _signaling.CallAsync();
        while (!EndedEvents.Any()) await Task.Yield();
        await _signaling.DrainAsync();

        SessionRecord record = _signaling.Record(callId)!;
        Assert.Equal((SessionState.Ended, SessionEndReason.SetupTimeout), (record.State, record.EndReason));
        Assert.Equal((callId + "/2", SessionEndReason.SetupTimeout),
            (Assert.Single(EndedEvents).Event.Id, EndedEvents.Single().Event.Data.Reason));
    }

    [Fact]
    public async Task EndUnclaimed_ClientCameAfterAll_LeavesTheSessionToItsOwner()
    {
        string callId = await _signaling.CallAsync();
        _signaling.Invoker.Read = _ => _signaling.Record(callId);

        Assert.True(await _signaling.Service<SessionEnder>().EndUnclaimedAsync(callId, CancellationToken.None));
        Assert.DoesNotContain(_signaling.Invoker.Calls, call => call.Method == HttpMethod.Delete);
        Assert.Equal(SessionState.Created, _signaling.Record(callId)!.State);
    }

    [Theory]
    [InlineData(InvocationOutcome.TimedOut)]
    [InlineData(InvocationOutcome.Unavailable)]
    public async Task EndUnclaimed_LiveOwnerDoesNotAnswer_AsksAgainLater(InvocationOutcome outcome)
    {
        string callId = await _signaling.CallAsync();
        _signaling.Invoker.Answer = call => call.Method == HttpMethod.Get ? FakeInvoker.Failed(outcome) : FakeInvoker.Done;

        Assert.False(await _signaling.Service<SessionEnder>().EndUnclaimedAsync(callId, CancellationToken.None));
        Assert.Equal(SessionState.Created, _signaling.Record(callId)!.State);
    }

    [Fact]
    public async Task EndUnclaimed_RecordThatIsConnected_IsNotTouched()
    {
        string callId = await _signaling.CallAsync();
        SessionRecord connected = _signaling.Record(callId)! with { State = SessionState.Connected, EventSequence = 2 };
        await _signaling.Store.SaveAsync(
            ComponentNames.Sessions, StateKeys.Session(callId), connected, ContractsJson.Default.SessionRecord);
        _signaling.Invoker.Answer = _ => FakeInvoker.Refused(HttpStatusCode.NotFound);

        Assert.True(await _signaling.Service<SessionEnder>().EndUnclaimedAsync(callId, CancellationToken.None));
        Assert.Equal(SessionState.Connected, _signaling.Record(callId)!.State);
    }
}

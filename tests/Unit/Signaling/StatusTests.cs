using System.Net;
using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Tests.Unit.Hosting;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Signaling;

/// <summary>A call's status, for holders of an API key and for other services.</summary>
public sealed class StatusTests : IAsyncLifetime
{
    private static readonly SessionStatistics Now = new(4711, 4712, 3, 1.5, 20, 60_000);

    private SignalingHarness _signaling = null!;

    public async Task InitializeAsync() => _signaling = await SignalingHarness.StartAsync();

    public async Task DisposeAsync() => await _signaling.DisposeAsync();

    public static TheoryData<string> Paths => ["/v1/realtime/calls/", "/openai/v1/realtime/calls/", "/internal/v1/sessions/"];

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Status_OwnerHasTheCall_HasTheCountersOfNow(string path)
    {
        string callId = await _signaling.CallAsync();
        _signaling.Invoker.Read = _ => Connected(callId) with { Statistics = Now };
        _signaling.Time.Advance(TimeSpan.FromMinutes(1));
        await _signaling.AddOwnerAsync(0, [3, 4, 5]);
        JsonElement status = await StatusAsync(path + callId);

        Assert.Equal(("connected", "owner", 4711L), (Text(status, "state"), Text(status, "source"),
            status.GetProperty("statistics").GetProperty("packetsReceived").GetInt64()));
        Assert.Equal(_signaling.Time.GetUtcNow(), status.GetProperty("asOf").GetDateTimeOffset());
        Assert.Contains(_signaling.Invoker.Calls, call => call is { Path: var asked, AppId: SignalingHarness.Owner }
            && call.Method == HttpMethod.Get && asked == $"internal/v1/sessions/{callId}");
    }

    [Theory]
    [InlineData(InvocationOutcome.TimedOut)]
    [InlineData(InvocationOutcome.Unavailable)]
    [InlineData(InvocationOutcome.Unreachable)]
    public async Task Status_OwnerDoesNotAnswer_IsTheRecordsAndSaysAsOfWhen(InvocationOutcome outcome)
    {
        string callId = await _signaling.CallAsync();
        SessionRecord connected = Connected(callId) with { Statistics = Now with { PacketsReceived = 1 } };
        await _signaling.Store.SaveAsync(
            ComponentNames.Sessions, StateKeys.Session(callId), connected, ContractsJson.Default.SessionRecord);
        _signaling.Invoker.Answer = _ => FakeInvoker.Failed(outcome);
        _signaling.Time.Advance(TimeSpan.FromSeconds(2));
        JsonElement status = await StatusAsync("/v1/realtime/calls/" + callId);

        Assert.Equal(("connected", "record", 1L), (Text(status, "state"), Text(status, "source"),
            status.GetProperty("statistics").GetProperty("packetsReceived").GetInt64()));
        Assert.Equal(connected.ConnectedAt, status.GetProperty("asOf").GetDateTimeOffset());
    }

    [Fact]
    public async Task Status_OfACallThatNoOwnerHasYet_IsTheRecords()
    {
        string callId = await _signaling.CallAsync();
        JsonElement status = await StatusAsync("/internal/v1/sessions/" + callId);

        Assert.Equal(("created", "record"), (Text(status, "state"), Text(status, "source")));
        Assert.Equal(_signaling.Record(callId)!.CreatedAt, status.GetProperty("asOf").GetDateTimeOffset());
    }

    [Fact]
    public async Task Status_OfACallThatHasEnded_IsTheRecordsAndAsksNobody()
    {
        string callId = await _signaling.CallAsync();
        DateTimeOffset end = _signaling.Time.GetUtcNow().AddSeconds(5);
        SessionRecord ended = Connected(callId) with {
            State = SessionState.Ended, EndedAt = end, EndReason = SessionEndReason.ClientHangup };
        await _signaling.Store.SaveAsync(
            ComponentNames.Sessions, StateKeys.Session(callId), ended, ContractsJson.Default.SessionRecord);
        JsonElement status = await StatusAsync("/v1/realtime/calls/" + callId);

        Assert.Equal(("ended", "record", "client_hangup"), (Text(status, "state"), Text(status, "source"), Text(status, "endReason")));
        Assert.Equal(end, status.GetProperty("asOf").GetDateTimeOffset());
        Assert.DoesNotContain(_signaling.Invoker.Calls, call => call.Method == HttpMethod.Get);
    }

    [Fact]
    public async Task Status_OwnerAnswersForAnotherCall_IsTheRecords()
    {
        string callId = await _signaling.CallAsync(), other = await _signaling.CallAsync();
        _signaling.Invoker.Read = _ => Connected(other);

        Assert.Equal("record", Text(await StatusAsync("/v1/realtime/calls/" + callId), "source"));
    }

    private static string? Text(JsonElement status, string name) => status.GetProperty(name).GetString();

    private SessionRecord Connected(string callId)
    {
        SessionRecord record = _signaling.Record(callId)!;
        return record with { State = SessionState.Connected, ConnectedAt = record.CreatedAt.AddSeconds(1) };
    }

    private async Task<JsonElement> StatusAsync(string path)
    {
        using HttpResponseMessage response = await _signaling.SendAsync(
            HttpMethod.Get, path, null, FakeSecretStore.ApiKey, ("dapr-api-token", SignalingHarness.AppToken));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await SignalingHarness.JsonAsync(response);
    }
}

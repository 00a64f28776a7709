using System.Net;
using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.TestKit;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Signaling;

/// <summary>What signaling writes into the store for a call, and what nobody may read there.</summary>
public sealed class RecordTests : IAsyncLifetime
{
    private SignalingHarness _signaling = null!;

    public async Task InitializeAsync() => _signaling = await SignalingHarness.StartAsync();

    public async Task DisposeAsync() => await _signaling.DisposeAsync();

    private Task<HttpResponseMessage> CallWithAsync(object session)
        => _signaling.PostJsonAsync("/v1/realtime/calls", JsonSerializer.Serialize(new { sdp = Offers.Chromium, session }));

    private List<(string Key, string? Json)> RecordWrites()
    {
        var written = new List<(string, string?)>();
        _signaling.Store.Written = (key, json) =>
        {
            lock (written) written.Add((key, json));
        };
        return written;
    }

    [Fact]
    public async Task Call_ToolsWithCredentials_AreReadableNeitherInTheStoreNorInThePush()
    {
        string[] secrets = ["https://tools.example/mcp?key=one", "Bearer two", "header-three", "be kind to four"];
        List<(string Key, string? Json)> written = RecordWrites();
        using HttpResponseMessage response = await CallWithAsync(new
        {
            type = "realtime",
            instructions = secrets[3],
            tools = new[] { new { type = "mcp", server_url = secrets[0], authorization = secrets[1], headers = new { x = secrets[2] } } },
        });
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        string callId = (await SignalingHarness.JsonAsync(response)).GetProperty("id").GetString()!;
        await _signaling.DrainAsync();

        string visible = string.Concat(written.Select(w => w.Json)) + string.Concat(_signaling.Invoker.Calls.Select(call => call.Body))
            + string.Concat(_signaling.Publisher.Events.Select(e => JsonSerializer.Serialize(
                e.Event, ContractsJson.Default.LifecycleEvent))) + _signaling.Logs.Text;
        Assert.Contains(callId, visible, StringComparison.Ordinal);
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, visible, StringComparison.Ordinal));
        JsonElement tool = _signaling.SessionOf(callId)!.Value.GetProperty("tools")[0];
        Assert.Equal((secrets[0], secrets[1]), (tool.GetProperty("server_url").GetString(), tool.GetProperty("authorization").GetString()));
    }

    [Fact]
    public async Task Call_LargestSession_HasARecordThatEveryStoreTakes()
    {
        using HttpResponseMessage response = await CallWithAsync(new { instructions = new string('x', 16 * 1024 - 40) });
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        string callId = (await SignalingHarness.JsonAsync(response)).GetProperty("id").GetString()!;
        Assert.InRange(JsonSerializer.Serialize(_signaling.Record(callId)!, ContractsJson.Default.SessionRecord).Length, 16 * 1024, 29_999);
    }

    [Fact]
    public async Task Calls_Made_AreOnPagesThatWereWrittenBefore()
    {
        List<(string Key, string? Json)> written = RecordWrites();
        var calls = new List<string>();
        for (int i = 0; i < 100; i++) calls.Add(await _signaling.CallAsync());

        var paged = new HashSet<string>(StringComparer.Ordinal);
        DateTimeOffset now = _signaling.Time.GetUtcNow();
        foreach ((string key, string? json) in written)
        {
            if (key.StartsWith("calls.local.", StringComparison.Ordinal))
            {
                CallPage page = JsonSerializer.Deserialize(json!, ContractsJson.Default.CallPage)!;
                // Nobody looks at the page while one of its calls may live.
                Assert.True(page.SweepAfter > now + TimeSpan.FromSeconds(3600), "the page is swept too early");
                Assert.InRange(json!.Length, 1, 29_999);
                paged.UnionWith(page.SessionIds);
            }
            else if (key.StartsWith("session.", StringComparison.Ordinal))
            {
                Assert.Contains(key[^13..], paged);
            }
        }
        Assert.Equal(100, calls.Distinct().Count());
        // 64 ids, then 128.
        Assert.Equal(2, written.Count(w => w.Key.StartsWith("calls.", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Call_InTheNextPeriod_HasAnIdOfItsOwnPeriod()
    {
        await _signaling.CallAsync();
        List<(string Key, string? Json)> written = RecordWrites();
        _signaling.Time.Advance(CallPage.Period);
        await _signaling.AddOwnerAsync(0, slots: [3, 4, 5]);
        await _signaling.CallAsync();
        long period = CallPage.PeriodOf(_signaling.Time.GetUtcNow());
        Assert.Contains(written, w => w.Key.StartsWith($"calls.local.{period}.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Call_PageCannotBeWritten_Is503AndLeavesNoRecord()
    {
        _signaling.Store.IsAway = true;
        using HttpResponseMessage response = await _signaling.PostOfferAsync(Offers.Chromium);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.NotNull(response.Headers.RetryAfter);
        _signaling.Store.IsAway = false;
        await _signaling.CallAsync();
    }
}

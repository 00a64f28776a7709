using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Dapr.Voice.Tests.Unit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>
/// Subscribers beside the running system get the events created, connected and ended of each session, whatever they answer the first time.
/// </summary>
[Collection(WholeSystemCollection.Name)]
public sealed class LifecycleEventTests(SharedSystem shared, ITestOutputHelper output)
{
    private static readonly string[] WholeLife = ["voice.session.created.v1", "voice.session.connected.v1", "voice.session.ended.v1"];
    private readonly VoiceSystem _voice = shared.Voice;

    [Theory]
    [InlineData(false, 3701, 9701)]
    [InlineData(true, 3702, 9702)]
    public async Task Subscriber_BesideTheSystem_GetsEachEventOnceById(bool refusesFirst, int sidecarPort, int appPort)
    {
        var deliveries = new ConcurrentQueue<JsonObject>();
        var refused = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{appPort}");
        builder.WebHost.UseSockets(sockets => sockets.CreateBoundListenSocket = endpoint =>
        {
            Socket socket = _voice.NewSocket(SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(endpoint);
            return socket;
        });
        await using WebApplication app = builder.Build();
        app.MapGet(
            "/dapr/subscribe", () => Results.Json(new[] { new { pubsubname = "lifecycle", topic = "voice-sessions", route = "/heard" } }));
        app.MapPost("/heard", async (HttpRequest request) =>
        {
            JsonObject heard = (await JsonNode.ParseAsync(request.Body))!.AsObject();
            if (refusesFirst && refused.TryAdd((string)heard["id"]!, true)) return Results.StatusCode(500);
            deliveries.Enqueue(heard);
            return Results.Ok();
        });
        await app.StartAsync();
        using RunningCommand sidecar = _voice.Start("sidecar", "--app", $"watcher{appPort}={sidecarPort},{appPort}");
        await sidecar.SaysAsync("joined the running system");

        JsonObject call = (await _voice.CallAsync("--agent", "echo", "--seconds", "2")).Succeeded().Json;
        string callId = (string)call["callId"]!;
        JsonObject[] Heard()
            => [.. deliveries.Where(d => (string?)d["subject"] == callId).DistinctBy(d => (string?)d["id"])
            .OrderBy(d => (long)d["data"]!["seq"]!)];
        await Wait.UntilAsync(() => Heard().Length >= 3, "created, connected and ended are heard");
        JsonObject[] events = Heard();
        Assert.Equal(WholeLife, events.Select(e => (string)e["type"]!));
        Assert.Equal(Enumerable.Range(1, 3).Select(i => $"{callId}/{i}"), events.Select(e => (string)e["id"]!));
        Assert.Equal("client_hangup", (string?)events[^1]["data"]!["reason"]);
        // docs/events.md and its schema say what an event carries. A sidecar adds fields to the envelope and none to the data.
        Assert.All(events, e => Assert.Empty(EventSchema.Problems(e.ToJsonString())));
        Assert.Equal(refusesFirst, events.All(e => refused.ContainsKey((string)e["id"]!)));
        output.WriteLine(
            $"subscriber that answers {(refusesFirst ? "500 first" : "200")}: {events.Length} events by id, "
            + $"{deliveries.Count(d => (string?)d["subject"] == callId)} deliveries taken");
    }

    [Fact]
    public async Task EventsCommand_ThatRefusesFirst_PrintsEachOnce()
    {
        using RunningCommand events = _voice.Start("events", "--fail-first", "--json");
        await events.SaysOnErrorAsync("joined the running system");
        JsonObject call = (await _voice.CallAsync("--agent", "echo", "--seconds", "2")).Succeeded().Json;
        string callId = (string)call["callId"]!;
        string[] Lines() => [.. events.OutputSoFar.Split('\n').Where(l => l.Contains(callId, StringComparison.Ordinal))];
        await Wait.UntilAsync(() => WholeLife.All(type => Lines().Any(l => l.Contains(type, StringComparison.Ordinal))),
            "the three events are printed");
        RunningCommand.Signal(events.Pid, RunningCommand.Interrupt);
        Assert.Equal(0, (await events.EndAsync()).Status);
        Assert.Equal(3, Lines().Length);
    }

    [Fact]
    public async Task EventsCommand_BesideANewSystem_PrintsCallsOfTheUserAlone()
    {
        await using var voice = new VoiceSystem();
        await voice.UpAsync("--agent", "echo", "--transceivers", "1");
        using RunningCommand events = voice.Start("events", "--json");
        string callId = (string)(await voice.CallAsync("--agent", "echo", "--seconds", "1")).Succeeded().Json["callId"]!;
        await events.SaysAsync(WholeLife[^1]);
        // 'up' has made calls, too, to check the system. A subscriber gets the events that the topic still has, so it would get theirs.
        JsonObject[] printed = [.. events.OutputSoFar.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => JsonNode.Parse(l)!.AsObject())];
        Assert.All(printed, e => Assert.Equal(callId, (string?)e["subject"]));
        Assert.Contains("joined the running system", events.ErrorSoFar, StringComparison.Ordinal);

        using RunningCommand later = voice.Start(
            "events", "--app-id", "later", "--port", "7076", "--sidecar-port", "3591", "--since", "0s");
        await later.SaysOnErrorAsync("is subscribed to the topic");
        string second = (string)(await voice.CallAsync("--agent", "echo", "--seconds", "1")).Succeeded().Json["callId"]!;
        await later.SaysAsync("voice.session.ended.v1");
        string[] lines = later.OutputSoFar.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, l => Assert.Contains(second, l, StringComparison.Ordinal));
        Assert.Matches(
            @"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z  voice\.session\.ended\.v1 +rtc_local_\w+/3 +echo +\d+\.\d s  client_hangup$",
            lines.Single(l => l.Contains(".ended.", StringComparison.Ordinal)));
    }
}

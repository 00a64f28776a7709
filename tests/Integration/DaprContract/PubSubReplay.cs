using System.Text.Json.Nodes;
using Dapr.Voice.DevSidecar;

namespace Dapr.Voice.Tests.Integration.DaprContract;

/// <summary>Replays publishing: the answers to the publisher, and every call that the subscriber receives.</summary>
internal static class PubSubReplay
{
    /// <summary>Retries are ten times as fast as recorded. Their number and order are the same.</summary>
    private const double TimeScale = 0.1;

    /// <summary>For this long after the last expected delivery nothing more may arrive. It covers several retry intervals.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(200);

    private const string SidecarToken = "sidecar-secret";

    public static Task RunAsync(Recording recording) => recording.Scenario switch
    {
        "groups" => GroupsAsync(recording),
        "app-down" or "app-down-with-retry-policy" => AppDownAsync(recording),
        _ => DeliveriesAsync(recording),
    };

    private static async Task DeliveriesAsync(Recording recording)
    {
        string appId = $"sub-{recording.Scenario}";
        bool hasTokens = recording.Scenario == "tokens";
        JsonObject described = recording.Content["app"]!.AsObject();
        await using RecordingApp app = await RecordingApp.StartAsync(
            RecordingApp.Subscriber(described["subscribe"]!, described["answers"]!.AsObject()));
        await using SidecarUnderTest sidecar = await SidecarUnderTest.StartAsync(
            _ => Resources(recording, appId),
            o => o with { TimeScale = TimeScale, ApiToken = hasTokens ? SidecarToken : null, AppApiToken = hasTokens ? "app-secret"
            : null },
            new AppSpec(appId, 0, app.Port));
        await sidecar.Host.WhenReadyAsync();

        using var client = new RawClient();
        foreach (JsonObject call in recording.Steps)
        {
            HttpRequestMessage request = RawClient.Request(sidecar.Port, call["request"]!.AsObject(), new Dictionary<string, string>());
            // The recording does not contain the token.
            if (hasTokens) request.Headers.TryAddWithoutValidation("dapr-api-token", SidecarToken);
            RawClient.Compare((string)call["name"]!, call["answer"]!.AsObject(), await client.SendAsync(request), isUnordered: false);
        }

        var expected = recording.Content["deliveries"]!.AsArray().Select(d => d!.AsObject()).ToList();
        await Wait.UntilAsync(() => app.Calls.Count >= expected.Count,
            $"{expected.Count} calls to the app, {string.Join(", ", app.Calls.Select(c => c.Path))} came");
        await Task.Delay(Quiet);
        Compare(expected, app.Calls);
        if (recording.Scenario is "order" or "envelopes" or "routing-rules") CompareOrder(expected, app.Calls);
    }

    private static IEnumerable<string> Resources(Recording recording, string appId)
    {
        string type = recording.ComponentType;
        yield return SidecarUnderTest.Component("lifecycle", type);
        switch (recording.Scenario)
        {
            case "answers-with-retry-policy": yield return SidecarUnderTest.InboundRetry("lifecycle", 3); break;
            case "dead-letter-with-retry-policy": yield return SidecarUnderTest.InboundRetry("lifecycle", 2); break;
            case "scopes":
                yield return SidecarUnderTest.Component("scoped", type,
                    SidecarUnderTest.Metadata("publishingScopes", $"{appId}=allowed")
                    + SidecarUnderTest.Metadata("subscriptionScopes", $"{appId}=allowed"));
                yield return SidecarUnderTest.Component("hidden", type, scopes: "scopes:\n  - somebody-else\n");
                break;
            case "declarative":
                yield return Subscription("file", "/p/file", $"scopes:\n  - {appId}\n");
                yield return Subscription("file2", "/p/file2", "scopes:\n  - somebody-else\n");
                break;
        }
    }

    private static string Subscription(string topic, string path, string scopes)
        => $"apiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata:\n  name: {topic}\nspec:\n  pubsubname: lifecycle\n  topic: "
            + $"{topic}\n  routes:\n    default: {path}\n{scopes}";

    private static void Compare(List<JsonObject> expected, IReadOnlyList<ReceivedCall> calls)
    {
        var rest = calls.ToList();
        foreach (JsonObject delivery in expected)
        {
            int index = rest.FindIndex(c => Matches(delivery, c));
            if (index < 0)
                Assert.Fail(
                    $"no call to the app is like {delivery.ToJsonString()}; left are:\n{string.Join('\n', rest.Select(c =>
                    $"{c.Method} {c.Path} {string.Join(' ', c.Headers.Select(h =>
                    $"{h.Key}={h.Value}"))} {System.Text.Encoding.UTF8.GetString(c.Body)}"))}");
            rest.RemoveAt(index);
        }
        Assert.True(rest.Count == 0, $"calls too many: {string.Join(", ", rest.Select(c => $"{c.Method} {c.Path}"))}");
        Assert.All(calls, c => Assert.True(c.Headers.ContainsKey("traceparent")));
    }

    private static bool Matches(JsonObject delivery, ReceivedCall call)
    {
        if ((string)delivery["method"]! != call.Method || (string)delivery["path"]! != call.Path) return false;
        foreach (string name in new[] { "content-type", "dapr-api-token", "pubsubname", "dapr-app-id" })
        {
            if ((string?)delivery["headers"]?[name] != call.Headers.GetValueOrDefault(name)) return false;
        }
        return delivery["body"] is not JsonObject body || Placeholders.Matches(body["json"], call.Json);
    }

    private static void CompareOrder(List<JsonObject> expected, IReadOnlyList<ReceivedCall> calls)
    {
        foreach (IGrouping<string, JsonObject> topic in expected.Where(d => (string)d["method"]! == "POST")
            .GroupBy(d => (string)d["path"]!))
        {
            var got = calls.Where(c => c.Method == "POST" && c.Path == topic.Key).ToList();
            Assert.All(topic.Zip(got), p => Assert.True(Matches(p.First, p.Second), $"out of order: {p.First.ToJsonString()}"));
        }
    }

    private static async Task GroupsAsync(Recording recording)
    {
        JsonNode subscribe = JsonNode.Parse("""[{"pubsubname":"lifecycle","topic":"gr","route":"/g"}]""")!;
        int published = (int)recording.Content["published"]!;
        await using RecordingApp one = await RecordingApp.StartAsync(RecordingApp.Subscriber(subscribe, []));
        await using RecordingApp two = await RecordingApp.StartAsync(RecordingApp.Subscriber(subscribe, []));
        await using RecordingApp other = await RecordingApp.StartAsync(RecordingApp.Subscriber(subscribe, []));
        await using RecordingApp late = await RecordingApp.StartAsync(RecordingApp.Subscriber(subscribe, []));
        await using SidecarUnderTest sidecar = await SidecarUnderTest.StartAsync(
            _ => [SidecarUnderTest.Component("lifecycle", recording.ComponentType)], o => o, new AppSpec("replicated", 0, one.Port),
            new AppSpec("replicated", 0, two.Port), new AppSpec("other", 0, other.Port));
        await sidecar.Host.WhenReadyAsync();

        using var client = new RawClient();
        for (int i = 0; i < published; i++)
            Assert.Equal(204, await client.StatusAsync(HttpMethod.Post, sidecar.Port, "/v1.0/publish/lifecycle/gr", $"{{\"n\":{i}}}"));
        await Wait.UntilAsync(() => Ids(one).Count + Ids(two).Count == published && Ids(other).Count == published,
            "all events at both app ids");
        await sidecar.Host.AddAppAsync(new AppSpec("late", 0, late.Port));
        await Wait.UntilAsync(() => Ids(late).Count >= published, "the old stream at the late app id");
        await Task.Delay(Quiet);

        Assert.Equal((int)recording.Content["replicaOne"]!, Ids(one).Count);
        Assert.Equal((int)recording.Content["replicaTwo"]!, Ids(two).Count);
        Assert.Equal((int)recording.Content["together"]!, Ids(one).Union(Ids(two)).Count());
        Assert.Equal((int)recording.Content["duplicates"]!, Ids(one).Intersect(Ids(two)).Count());
        Assert.Equal((int)recording.Content["otherApp"]!, Ids(other).Count);
        Assert.Equal((int)recording.Content["lateApp"]!, Ids(late).Count);
    }

    private static List<string> Ids(RecordingApp app) => app.Calls.Where(c => c.Path == "/g").Select(c => (string)c.Json!["id"]!).ToList();

    private static async Task AppDownAsync(Recording recording)
    {
        bool hasPolicy = recording.Scenario == "app-down-with-retry-policy";
        JsonNode subscribe = JsonNode.Parse("""[{"pubsubname":"lifecycle","topic":"ad","route":"/ad"}]""")!;
        await using RecordingApp app = await RecordingApp.StartAsync(RecordingApp.Subscriber(subscribe, []));
        await using SidecarUnderTest sidecar = await SidecarUnderTest.StartAsync(
            _ => hasPolicy ? [SidecarUnderTest.Component("lifecycle", recording.ComponentType),
            SidecarUnderTest.InboundRetry("lifecycle", -1)] : [SidecarUnderTest.Component("lifecycle", recording.ComponentType)],
            o => o with { TimeScale = TimeScale },
            new AppSpec("sub-app-down", 0, app.Port));
        await sidecar.Host.WhenReadyAsync();
        using var client = new RawClient();
        List<int> Numbers() => app.Calls.Where(c => c.Path == "/ad").Select(c => (int)c.Json!["data"]!["n"]!).ToList();

        await client.StatusAsync(HttpMethod.Post, sidecar.Port, "/v1.0/publish/lifecycle/ad", "{\"n\":0}");
        await Wait.UntilAsync(() => Numbers().Count == (int)recording.Content["before"]!, "the event before");
        await app.StopAsync();
        for (int i = 1; i <= 5; i++)
            Assert.Equal(204, await client.StatusAsync(HttpMethod.Post, sidecar.Port, "/v1.0/publish/lifecycle/ad", $"{{\"n\":{i}}}"));
        await Task.Delay(TimeSpan.FromSeconds(3) * TimeScale);
        await app.StartAsync();

        var expected = recording.Content["afterReturn"]!.AsArray().Select(n => (int)n!).Order().ToList();
        await Wait.UntilAsync(() => Numbers().Count >= 1 + expected.Count, "the events after the return");
        await Task.Delay(Quiet);
        Assert.Equal(expected, Numbers().Skip(1).Order());
        Assert.Equal((int)recording.Content["healthzAtEnd"]!, await client.StatusAsync(HttpMethod.Get, sidecar.Port, "/v1.0/healthz"));
    }
}

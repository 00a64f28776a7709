using System.Text;
using System.Text.Json.Nodes;
using Dapr.Voice.DevSidecar;
using Dapr.Voice.Tests.Integration.DaprContract;
using static Dapr.Voice.Tests.Integration.DaprContract.SidecarUnderTest;

namespace Dapr.Voice.Tests.Integration.DevSidecar;

/// <summary>Answers to <c>GET /dapr/subscribe</c> in forms that were not recorded, and what the app then receives.</summary>
public sealed class SubscriptionFormTests
{
    private const string Event =
        """{"id":"ev-1","specversion":"1.0","type":"t","source":"s","datacontenttype":"application/json","data":{"n":1}}""";

    [Theory]
    [InlineData("""{"pubsubName":"lifecycle","topic":"t","route":"/r"}""")]
    [InlineData("""{"PubsubName":"lifecycle","Topic":"t","Routes":{"Default":"/r"}}""")]
    [InlineData("""{"pubsubName":"lifecycle","topic":"t","routes":{"Rules":[{"Match":"event.type == """
        + """\"t\"","Path":"/r"}],"default":"/other"}}""")]
    public async Task Subscribe_NamesInAnotherCase_IsSubscribed(string subscription)
    {
        IReadOnlyList<ReceivedCall> received = await DeliverAsync(subscription);
        Assert.Equal("ev-1", (string?)Assert.Single(received).Json!["id"]);
    }

    [Theory]
    [InlineData("""{"pubsubname":"lifecycle","topic":"t","route":"/r","metadata":{"rawPayload":"true"}}""")]
    [InlineData("""{"pubsubName":"lifecycle","topic":"t","route":"/r","metadata":{"RawPayload":"True"}}""")]
    public async Task Subscribe_RawPayload_MessageComesAsBase64InACloudEvent(string subscription)
    {
        ReceivedCall call = Assert.Single(await DeliverAsync(subscription));
        JsonNode cloudEvent = call.Json!;
        Assert.Equal("application/cloudevents+json", call.Headers["content-type"]);
        Assert.Equal(("application/octet-stream", "com.dapr.event.sent", "t"),
            ((string?)cloudEvent["datacontenttype"], (string?)cloudEvent["type"], (string?)cloudEvent["topic"]));
        Assert.Equal("ev-1", (string?)JsonNode.Parse(Convert.FromBase64String((string)cloudEvent["data_base64"]!))!["id"]);
    }

    [Fact]
    public async Task Subscribe_RawPayloadInAFile_MessageComesAsBase64InACloudEvent()
    {
        const string file = """
            apiVersion: dapr.io/v2alpha1
            kind: Subscription
            metadata:
              name: raw
            spec:
              pubsubname: lifecycle
              topic: t
              routes:
                default: /r
              metadata:
                rawPayload: "true"
            """;
        ReceivedCall call = Assert.Single(await DeliverAsync(subscription: null, file: file));
        Assert.NotNull(call.Json!["data_base64"]);
    }

    [Fact]
    public async Task Subscribe_Bulk_EventComesAsAnEntry()
    {
        ReceivedCall call = Assert.Single(await DeliverAsync(Bulk, Statuses("SUCCESS")));
        JsonNode bulk = call.Json!;
        Assert.Equal(("com.dapr.event.sent.bulk", "t", "lifecycle"),
            ((string?)bulk["type"], (string?)bulk["topic"], (string?)bulk["pubsubname"]));
        JsonNode entry = Assert.Single(bulk["entries"]!.AsArray())!;
        Assert.Equal(("application/cloudevents+json", "ev-1"), ((string?)entry["contentType"], (string?)entry["event"]!["id"]));
    }

    [Theory]
    [InlineData("RETRY", 3, 1)]
    [InlineData(null, 3, 1)]
    [InlineData("DROP", 1, 1)]
    [InlineData("SUCCESS", 1, 0)]
    public async Task Subscribe_Bulk_StatusOfTheEntryDecides(string? status, int attempts, int deadLetters)
    {
        var dead = new List<ReceivedCall>();
        IReadOnlyList<ReceivedCall> received = await DeliverAsync(
            Bulk, Statuses(status), InboundRetry("lifecycle", 2), attempts, deadLetters, dead);
        Assert.Equal((attempts, deadLetters), (received.Count, dead.Count));
    }

    private const string Bulk
        = """{"pubsubname":"lifecycle","topic":"t","route":"/r","deadLetterTopic":"dead","bulkSubscribe":"""
            + """{"enabled":true,"maxMessagesCount":10,"maxAwaitDurationMs":200}}""";

    /// <summary>Answers every entry with the status; null for an answer without statuses.</summary>
    private static Func<ReceivedCall, string?> Statuses(string? status) => call => status is null ? "{}" : new JsonObject
    {
        ["statuses"] = new JsonArray(
            [.. call.Json!["entries"]!.AsArray()
            .Select(e => (JsonNode)new JsonObject { ["entryId"] = (string?)e!["entryId"], ["status"] = status })]),
    }.ToJsonString();

    /// <summary>Publishes one event and returns the calls to <c>/r</c> once as many have come as are expected.</summary>
    /// <param name="subscription">Of the app, in its answer to <c>GET /dapr/subscribe</c>; null for none.</param>
    /// <param name="answer">The body of the app's answer to <c>/r</c>; null for an empty one.</param>
    /// <param name="file">One more resource file.</param>
    /// <param name="dead">Where calls for the dead-letter topic go; null where none is expected.</param>
    private static async Task<IReadOnlyList<ReceivedCall>> DeliverAsync(
        string? subscription, Func<ReceivedCall, string?>? answer = null, string? file = null, int attempts = 1, int deadLetters = 0,
        List<ReceivedCall>? dead = null)
    {
        string[] subscriptions =
        [
            .. subscription is null ? [] : new[] { subscription },
            """{"pubsubname":"lifecycle","topic":"dead","route":"/dead"}""",
            """{"pubsubname":"lifecycle","topic":"end","route":"/end"}""",
        ];
        JsonNode list = JsonNode.Parse($"[{string.Join(',', subscriptions)}]")!;
        await using RecordingApp app = await RecordingApp.StartAsync(async (context, call) =>
        {
            if (call.Path == "/r" && answer?.Invoke(call) is { } body)
                await RecordingApp.WriteAsync(context, 200, "application/json", body);
            else await RecordingApp.Subscriber(list, [])(context, call);
        });
        string[] resources = [Component("lifecycle", "pubsub.in-memory"), .. file is null ? [] : new[] { file }];
        await using SidecarUnderTest sidecar = await StartAsync(
            _ => resources, o => o with { TimeScale = 0.001 }, new AppSpec("sub", 0, app.Port));
        await sidecar.Host.WhenReadyAsync();
        List<ReceivedCall> To(string path) => [.. app.Calls.Where(c => c.Path == path)];
        await PublishAsync(sidecar.Port, "t");
        await Wait.UntilAsync(() => To("/r").Count >= attempts && To("/dead").Count >= deadLetters,
            $"{attempts} calls and {deadLetters} dead letters");
        // A superfluous event would arrive before this one.
        await PublishAsync(sidecar.Port, "end");
        await Wait.UntilAsync(() => To("/end").Count > 0, "the last event");
        dead?.AddRange(To("/dead"));
        return To("/r");
    }

    private static async Task PublishAsync(int port, string topic)
    {
        using var http = new HttpClient();
        using HttpResponseMessage published
            = await http.PostAsync($"http://127.0.0.1:{port}/v1.0/publish/lifecycle/{topic}",
            new StringContent(Event, Encoding.UTF8, "application/cloudevents+json"));
        published.EnsureSuccessStatusCode();
    }
}

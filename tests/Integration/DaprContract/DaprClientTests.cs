using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Dapr.Client;
using Dapr.Voice.DevSidecar;
using Dapr.Voice.DevSidecar.PubSub;
using Dapr.Voice.Sidecar;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dapr.Voice.Tests.Integration.DaprContract;

/// <summary>Dapr's own client and Dapr.AspNetCore with the development sidecar, on each type of store and broker.</summary>
public sealed class DaprClientTests
{
    private const int Racers = 32;

    private static readonly StateOptions FirstWrite = new() { Concurrency = ConcurrencyMode.FirstWrite };

    public static TheoryData<string, string> Stores => new()
    {
        { "state.redis", "v1" }, { "state.in-memory", "v1" }, { "state.sqlite", "v1" }, { "state.postgresql", "v2" },
        { "state.azure.tablestorage", "v1" }, { "state.azure.blobstorage", "v2" },
    };

    public static TheoryData<string> Brokers => ["pubsub.redis", "pubsub.in-memory", "pubsub.rabbitmq"];

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task State_CreateSaveStaleDelete_MeanTheSameOnEveryStore(string type, string version)
    {
        await using SidecarUnderTest sidecar = await StartAsync(type, version);
        await using var client = new SidecarClient(sidecar);
        DaprClient dapr = client.Dapr;

        (ReadOnlyMemory<byte> nothing, string noEtag) = await dapr.GetByteStateAndETagAsync("sessions", "slot.eu.1");
        Assert.Equal((0, ""), (nothing.Length, noEtag));

        await dapr.SaveByteStateAsync("sessions", "slot.eu.1", "\"a\""u8.ToArray(), FirstWrite);
        DaprException lost = await Assert.ThrowsAsync<DaprException>(
            () => dapr.SaveByteStateAsync("sessions", "slot.eu.1", "\"b\""u8.ToArray(), FirstWrite));
        StatusCode expected = type is "state.redis" or "state.postgresql" or "state.azure.blobstorage" ? StatusCode.Internal
            : StatusCode.Aborted;
        Assert.Equal(expected, Assert.IsType<RpcException>(lost.InnerException).StatusCode);

        (string value, string etag) = await dapr.GetStateAndETagAsync<string>("sessions", "slot.eu.1", ConsistencyMode.Strong);
        Assert.Equal("a", value);
        Assert.True(await dapr.TrySaveStateAsync("sessions", "slot.eu.1", "c", etag, FirstWrite));
        Assert.False(await dapr.TrySaveStateAsync("sessions", "slot.eu.1", "d", etag, FirstWrite));
        Assert.False(await dapr.TryDeleteStateAsync("sessions", "slot.eu.1", etag, FirstWrite));
        (value, etag) = await dapr.GetStateAndETagAsync<string>("sessions", "slot.eu.1");
        Assert.Equal("c", value);
        Assert.True(await dapr.TryDeleteStateAsync("sessions", "slot.eu.1", etag, FirstWrite));
        Assert.Null(await dapr.GetStateAsync<string>("sessions", "slot.eu.1"));
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task State_ThirtyTwoCreates_HaveOneWinner(string type, string version)
    {
        await using SidecarUnderTest sidecar = await StartAsync(type, version);
        await using var client = new SidecarClient(sidecar);
        bool[] won = await Task.WhenAll(Enumerable.Range(0, Racers).Select(async racer =>
        {
            try
            {
                await client.Dapr.SaveByteStateAsync("sessions", "slot.eu.1", Encoding.UTF8.GetBytes($"{racer}"), FirstWrite);
                return true;
            }
            catch (DaprException e) when (e.InnerException is RpcException { StatusCode: StatusCode.Aborted or StatusCode.Internal })
            {
                return false;
            }
        }));
        Assert.Equal(Array.IndexOf(won, true), await client.Dapr.GetStateAsync<int>("sessions", "slot.eu.1"));
        Assert.Single(won, true);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task State_ThirtyTwoCompareAndSets_HaveOneWinner(string type, string version)
    {
        await using SidecarUnderTest sidecar = await StartAsync(type, version);
        await using var client = new SidecarClient(sidecar);
        await client.Dapr.SaveByteStateAsync("sessions", "slot.eu.1", "-1"u8.ToArray(), FirstWrite);
        (_, string etag) = await client.Dapr.GetStateAndETagAsync<int>("sessions", "slot.eu.1");
        bool[] won = await Task.WhenAll(
            Enumerable.Range(0, Racers).Select(racer => client.Dapr.TrySaveStateAsync("sessions", "slot.eu.1", racer, etag, FirstWrite)));
        Assert.Single(won, true);
        Assert.Equal(Array.IndexOf(won, true), await client.Dapr.GetStateAsync<int>("sessions", "slot.eu.1"));
    }

    [Theory]
    [InlineData("secretstores.local.file")]
    [InlineData("secretstores.local.env")]
    public async Task Secrets_OnEveryStore_AreFoundOrNot(string type)
    {
        string name = $"VOICE_TEST_{Guid.NewGuid():N}";
        Environment.SetEnvironmentVariable(name, "hush");
        await using SidecarUnderTest sidecar = await SidecarUnderTest.StartAsync(folder =>
        {
            string file = Path.Combine(folder.FullName, "secrets.json");
            File.WriteAllText(file, new JsonObject { [name] = "hush" }.ToJsonString());
            return [SidecarUnderTest.Component(
                "secrets", type, type == "secretstores.local.file" ? SidecarUnderTest.Metadata("secretsFile", file) : "")];
        }, o => o, new AppSpec("signaling", 0));
        await using var client = new SidecarClient(sidecar);

        Assert.Equal("hush", (await client.Dapr.GetSecretAsync("secrets", name))[name]);
        Assert.Equal(SecretOutcome.Found, (await client.Secrets.GetAsync("secrets", name)).Outcome);
        SecretOutcome missing = type == "secretstores.local.file" ? SecretOutcome.Failed : SecretOutcome.Missing;
        Assert.Equal(missing, (await client.Secrets.GetAsync("secrets", "none")).Outcome);
        Assert.Equal(SecretOutcome.Refused, (await client.Secrets.GetAsync("unknown", name)).Outcome);
    }

    [Theory]
    [MemberData(nameof(Brokers))]
    public async Task Publish_RulesAndDeadLetter_ReachTheEndpointsOfDaprAspNetCore(string type)
    {
        var received = new ConcurrentQueue<(string Path, JsonNode Event, string? Traceparent)>();
        await using WebApplication app = await SubscriberAsync(received);
        int port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
        string metadata = type == "pubsub.rabbitmq" ? SidecarUnderTest.Metadata("connectionString", "amqp://guest:guest@localhost:5672")
            : "";
        await using SidecarUnderTest sidecar = await SidecarUnderTest.StartAsync(
            _ => [SidecarUnderTest.Component("lifecycle", type, metadata), SidecarUnderTest.InboundRetry("lifecycle", 3)], o => o,
            new AppSpec("signaling", 0, port));
        await sidecar.Host.WhenReadyAsync();
        await using var client = new SidecarClient(sidecar);

        using System.Diagnostics.Activity trace = new System.Diagnostics.Activity("test").SetIdFormat(
            System.Diagnostics.ActivityIdFormat.W3C).Start();
        await PublishAsync("1", "voice.session.created.v1");
        await PublishAsync("2", "voice.session.ended.v1");
        await PublishAsync("3", "voice.session.refused.v1");
        await Wait.UntilAsync(() => received.Count(r => r.Path != "/refused") >= 3, "three events at their endpoints");

        (string Path, JsonNode Event, string? Traceparent) Of(string path) => Assert.Single(received, r => r.Path == path);
        Assert.Equal("1", (string?)Of("/events").Event["id"]);
        Assert.Equal("2", (string?)Of("/ended").Event["id"]);
        Assert.Equal("3", (string?)Of("/refused").Event["id"]);
        Assert.Equal("3", (string?)Of("/dead").Event["id"]);
        Assert.Equal("voice.session.refused.v1", (string?)Of("/dead").Event["type"]);
        Assert.Equal("tests", (string?)Of("/events").Event["source"]);
        Assert.Equal(trace.Id, Of("/events").Traceparent);

        Task PublishAsync(string id, string eventType) => client.Dapr.PublishByteEventAsync(
            "lifecycle", "voice-sessions",
            Encoding.UTF8.GetBytes($$"""{"specversion":"1.0","id":"{{id}}","type":"{{eventType}}","source":"tests","data":null}"""),
            "application/cloudevents+json");
    }

    [Fact]
    public async Task Publish_WhileTheSubscriberIsAway_WaitsInRabbitMqAndInRedis()
    {
        foreach (string type in new[] { "pubsub.rabbitmq", "pubsub.redis" })
        {
            using var broker = new Broker(keepsHistory: type == "pubsub.redis", keepsGroups: true);
            var consumer = new CountingConsumer();
            broker.Subscribe("t", "app", consumer).Dispose();
            Assert.Null(broker.Publish("t", new BrokerEvent("{}"u8.ToArray(), null, "")));
            using IDisposable again = broker.Subscribe("t", "app", consumer);
            await Wait.UntilAsync(() => consumer.Count == 1, $"the event that waited ({type})");
        }
    }

    private static async Task<WebApplication> SubscriberAsync(ConcurrentQueue<(string Path, JsonNode Event, string? Traceparent)> received)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        app.MapSubscribeHandler();
        Map("/events", "SUCCESS").WithTopic(
            new TopicOptions { PubsubName = "lifecycle", Name = "voice-sessions", DeadLetterTopic = "voice-dead-letter" });
        Map("/ended", "SUCCESS").WithTopic(Rule("event.type == \"voice.session.ended.v1\"", 1));
        Map("/refused", "DROP").WithTopic(Rule("event.type == \"voice.session.refused.v1\"", 2));
        Map("/dead", "SUCCESS").WithTopic("lifecycle", "voice-dead-letter");
        await app.StartAsync();
        return app;

        TopicOptions Rule(string match, int priority)
            => new() { PubsubName = "lifecycle", Name = "voice-sessions", DeadLetterTopic = "voice-dead-letter", Match = match,
            Priority = priority };

        RouteHandlerBuilder Map(string path, string answer) => app.MapPost(path, async (HttpRequest request) =>
        {
            JsonNode? cloudEvent = await JsonNode.ParseAsync(request.Body, cancellationToken: request.HttpContext.RequestAborted);
            received.Enqueue((path, cloudEvent!, request.Headers["traceparent"]));
            return Results.Json(new { status = answer });
        });
    }

    private static Task<SidecarUnderTest> StartAsync(string type, string version) => SidecarUnderTest.StartAsync(
        _ => [SidecarUnderTest.Component("sessions", type, SidecarUnderTest.Metadata("keyPrefix", "none"), version: version)], o => o,
        new AppSpec("signaling", 0));

    private sealed class CountingConsumer : IEventConsumer
    {
        private int _count;

        public DeliveryWorkers Workers { get; } = new(1);

        public int Count => Volatile.Read(ref _count);

        public Task<DeliveryEnd> DeliverAsync(BrokerEvent delivered, TaskCompletionSource firstAttempt)
        {
            Interlocked.Increment(ref _count);
            firstAttempt.TrySetResult();
            return Task.FromResult(DeliveryEnd.Done);
        }
    }
}

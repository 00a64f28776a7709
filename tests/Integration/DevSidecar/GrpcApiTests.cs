using System.Collections.Concurrent;
using Dapr.Client.Autogen.Grpc.v1;
using Dapr.Voice.DevSidecar;
using Dapr.Voice.DevSidecar.Components;
using Dapr.Voice.Tests.Integration.DaprContract;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using static Dapr.Client.Autogen.Grpc.v1.StateOptions.Types;
using static Dapr.Voice.Tests.Integration.DaprContract.SidecarUnderTest;
using DaprGrpc = Dapr.Client.Autogen.Grpc.v1.Dapr.DaprClient;

namespace Dapr.Voice.Tests.Integration.DevSidecar;

/// <summary>
/// What the gRPC recordings do not show: races, both transports on one store, unknown methods, and large messages.
/// </summary>
public sealed class GrpcApiTests
{
    [Theory]
    [InlineData("state.redis", StatusCode.Internal)]
    [InlineData("state.postgresql", StatusCode.Internal)]
    [InlineData("state.azure.blobstorage", StatusCode.Internal)]
    [InlineData("state.in-memory", StatusCode.Aborted)]
    [InlineData("state.sqlite", StatusCode.Aborted)]
    [InlineData("state.azure.tablestorage", StatusCode.Aborted)]
    public async Task Create_ThirtyTwoAtOnce_OneWinsAndTheOthersHearWhatTheStoreSays(string type, StatusCode lost)
    {
        await using SidecarUnderTest sidecar = await StartAsync(
            _ => [Component("sessions", type, version: type is "state.postgresql" or "state.azure.blobstorage" ? "v2" : "v1")], o => o,
            new AppSpec("a", 0));
        using GrpcChannel channel = Channel(sidecar.GrpcPort);
        var client = new DaprGrpc(channel);
        var outcomes = new ConcurrentBag<StatusCode>();
        await Parallel.ForAsync(0, 32, async (i, cancellation) =>
        {
            try
            {
                await client.SaveStateAsync(Save("k", $"{i}", StateConcurrency.ConcurrencyFirstWrite), cancellationToken: cancellation);
                outcomes.Add(StatusCode.OK);
            }
            catch (RpcException failure)
            {
                outcomes.Add(failure.StatusCode);
            }
        });
        Assert.Equal([(StatusCode.OK, 1), (lost, 31)], outcomes.CountBy(o => o).Select(o => (o.Key, o.Value)).Order());
    }

    [Fact]
    public async Task State_SavedOverOneTransport_IsReadOverTheOther()
    {
        await using SidecarUnderTest sidecar = await StartAsync(_ => [Component("sessions", "state.redis")], o => o, new AppSpec("a", 0));
        using GrpcChannel channel = Channel(sidecar.GrpcPort);
        var client = new DaprGrpc(channel);
        using var http = new HttpClient();
        await client.SaveStateAsync(Save("k", """{"n":1}"""));
        Assert.Equal("""{"n":1}""", await http.GetStringAsync($"http://127.0.0.1:{sidecar.Port}/v1.0/state/sessions/k"));
        using HttpResponseMessage saved = await http.PostAsync(
            $"http://127.0.0.1:{sidecar.Port}/v1.0/state/sessions", new StringContent("""[{"key":"k","value":{"n":2},"etag":"1"}]"""));
        GetStateResponse read = await client.GetStateAsync(new GetStateRequest { StoreName = "sessions", Key = "k" });
        Assert.Equal(("""{"n":2}""", "2"), (read.Data.ToStringUtf8(), read.Etag));
    }

    [Fact]
    public async Task BulkRead_OverHttpOfAValueThatIsNoJson_SparesTheOtherKeys()
    {
        await using SidecarUnderTest sidecar = await StartAsync(_ => [Component("sessions", "state.redis")], o => o, new AppSpec("a", 0));
        using GrpcChannel channel = Channel(sidecar.GrpcPort);
        var client = new DaprGrpc(channel);
        await client.SaveStateAsync(Save("text", "plain text"));
        await client.SaveStateAsync(Save("json", "1"));
        using var http = new HttpClient();
        using HttpResponseMessage answer = await http.PostAsync(
            $"http://127.0.0.1:{sidecar.Port}/v1.0/state/sessions/bulk", new StringContent("""{"keys":["text","json"]}"""));
        Assert.Equal("""[{"key":"text","error":"the value is not JSON","etag":"1"},{"key":"json","data":1,"etag":"1"}]""",
            await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Method_ThatIsNotServed_IsUnimplemented()
    {
        await using SidecarUnderTest sidecar = await StartAsync(_ => [], o => o, new AppSpec("a", 0));
        using GrpcChannel channel = Channel(sidecar.GrpcPort);
        RpcException failure = await Assert.ThrowsAsync<RpcException>(
            async () => await new DaprGrpc(channel).InvokeBindingAsync(new InvokeBindingRequest { Name = "x" }));
        Assert.Equal(StatusCode.Unimplemented, failure.StatusCode);
    }

    [Fact]
    public async Task Metadata_OverGrpc_NamesAppComponentsAndSubscriptions()
    {
        await using RecordingApp app = await RecordingApp.StartAsync(
            RecordingApp.Subscriber(System.Text.Json.Nodes.JsonNode.Parse(
            """[{"pubsubname":"lifecycle","topic":"t","route":"/t","deadLetterTopic":"dead"}]""")!, []));
        await using SidecarUnderTest sidecar = await StartAsync(
            _ => [Component("sessions", "state.redis"), Component("lifecycle", "pubsub.redis")], o => o, new AppSpec("a", 0, app.Port));
        await sidecar.Host.WhenReadyAsync();
        using GrpcChannel channel = Channel(sidecar.GrpcPort);
        var client = new DaprGrpc(channel);
        await client.SetMetadataAsync(new SetMetadataRequest { Key = "mine", Value = "yes" });
        GetMetadataResponse described = await client.GetMetadataAsync(new GetMetadataRequest());
        Assert.Equal(("a", app.Port, "yes"), (described.Id, described.AppConnectionProperties.Port, described.ExtendedMetadata["mine"]));
        Assert.Equal(["lifecycle", "sessions"], described.RegisteredComponents.Select(c => c.Name).Order());
        Assert.Equal(("t", "/t", "dead"),
            (described.Subscriptions.Single().Topic, described.Subscriptions.Single().Rules.Rules.Single().Path,
            described.Subscriptions.Single().DeadLetterTopic));
    }

    [Fact]
    public async Task Shutdown_OverGrpc_AnswersAndEndsTheApp()
    {
        await using SidecarUnderTest sidecar = await StartAsync(_ => [], o => o, new AppSpec("a", 0));
        using GrpcChannel channel = Channel(sidecar.GrpcPort);
        await new DaprGrpc(channel).ShutdownAsync(new ShutdownRequest());
        await sidecar.Host.Ended.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Empty(sidecar.Host.Apps);
    }

    [Fact]
    public async Task Outage_KilledStore_FailsOverGrpcAsOverHttp()
    {
        await using SidecarUnderTest sidecar = await StartAsync(
            _ => [Component("sessions", "state.redis"), Component("lifecycle", "pubsub.redis")], o => o with { TimeScale = 0.001 },
            new AppSpec("a", 0));
        using GrpcChannel channel = Channel(sidecar.GrpcPort);
        var client = new DaprGrpc(channel);
        Assert.True(sidecar.Host.SetOutage("sessions", OutageState.Killed) && sidecar.Host.SetOutage("lifecycle", OutageState.Killed));
        Assert.Equal(StatusCode.Internal,
            (await Assert.ThrowsAsync<RpcException>(
            async () => await client.GetStateAsync(new GetStateRequest { StoreName = "sessions", Key = "k" }))).StatusCode);
        Assert.Equal(StatusCode.Internal,
            (await Assert.ThrowsAsync<RpcException>(async () => await client.SaveStateAsync(Save("k", "1")))).StatusCode);
        Assert.Equal(StatusCode.Internal,
            (await Assert.ThrowsAsync<RpcException>(
            async () => await client.PublishEventAsync(new PublishEventRequest { PubsubName = "lifecycle", Topic = "t" }))).StatusCode);
        Assert.True(sidecar.Host.SetOutage("sessions", OutageState.Up));
        await client.SaveStateAsync(Save("k", "1"));
    }

    [Fact]
    public async Task Publish_BulkWithTheSameIdTwice_IsRefusedWhole()
    {
        await using SidecarUnderTest sidecar = await StartAsync(_ => [Component("lifecycle", "pubsub.redis")], o => o, new AppSpec("a", 0));
        using GrpcChannel channel = Channel(sidecar.GrpcPort);
        var request = new BulkPublishRequest { PubsubName = "lifecycle", Topic = "t" };
        for (int i = 0; i < 2; i++)
            request.Entries.Add(
                new BulkPublishRequestEntry { EntryId = "1", Event = ByteString.CopyFromUtf8("{}"), ContentType = "application/json" });
        Assert.Equal(StatusCode.InvalidArgument,
            (await Assert.ThrowsAsync<RpcException>(async () => await new DaprGrpc(channel).BulkPublishEventAsync(request))).StatusCode);
    }

    private static GrpcChannel Channel(int port) => GrpcChannel.ForAddress($"http://127.0.0.1:{port}");

    private static SaveStateRequest Save(string key, string value, StateConcurrency concurrency = StateConcurrency.ConcurrencyUnspecified)
        => new()
    {
        StoreName = "sessions",
        States = {
            new StateItem { Key = key, Value = ByteString.CopyFromUtf8(value), Options = new StateOptions { Concurrency = concurrency } } },
    };
}

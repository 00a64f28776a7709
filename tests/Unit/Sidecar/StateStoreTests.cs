using System.Text.Json.Serialization;
using Dapr.Client.Autogen.Grpc.v1;
using Dapr.Voice.Sidecar;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Xunit;
using static Dapr.Voice.Tests.Unit.Sidecar.ScriptedSidecar;

namespace Dapr.Voice.Tests.Unit.Sidecar;

internal sealed record Owner(string Name, int Epoch);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Owner))]
internal sealed partial class OwnerJson : JsonSerializerContext;

public sealed class StateStoreTests
{
    private const string AzureEtag = "W/\"datetime'2026-11-22T10%3A00%3A00Z'\"";

    private static readonly Owner Ours = new("a", 1);

    [Theory]
    [InlineData(AzureEtag)]
    [InlineData("17")]
    public async Task ReadAsync_EtagOfAnyStore_ComesBackUnchanged(string etag)
    {
        await using ScriptedSidecar sidecar = await StartAsync(Value("""{"name":"a","epoch":1}""", etag));
        StateReadResult<Owner> read = await sidecar.Store().ReadAsync("sessions", "slot.eu.1", OwnerJson.Default.Owner);
        Assert.Equal((StateReadOutcome.Found, Ours, etag), (read.Outcome, read.Entry!.Value, read.Entry.ETag));
        var request = (GetStateRequest)Assert.Single(sidecar.Calls).Request;
        Assert.Equal(Dapr.Client.Autogen.Grpc.v1.StateOptions.Types.StateConsistency.ConsistencyStrong, request.Consistency);
    }

    [Fact]
    public async Task ReadAsync_NeitherDataNorEtag_IsMissing()
    {
        await using ScriptedSidecar sidecar = await StartAsync(Nothing);
        Assert.Equal(StateReadOutcome.Missing, (await sidecar.Store().ReadAsync("sessions", "k", OwnerJson.Default.Owner)).Outcome);
    }

    [Fact]
    public async Task ReadAsync_StoredNull_IsFound()
    {
        await using ScriptedSidecar sidecar = await StartAsync(Value("null", "1"));
        StateReadResult<Owner> found = await sidecar.Store().ReadAsync("sessions", "k", OwnerJson.Default.Owner);
        Assert.Equal(StateReadOutcome.Found, found.Outcome);
        Assert.Null(found.Entry!.Value);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("{\"name\":5}")]
    [InlineData("")]
    public async Task ReadAsync_ValueOfAnotherShape_IsMalformed(string value)
    {
        await using ScriptedSidecar sidecar = await StartAsync(Value(value, "1"));
        Assert.Equal(StateReadOutcome.Malformed, (await sidecar.Store().ReadAsync("sessions", "k", OwnerJson.Default.Owner)).Outcome);
    }

    [Fact]
    public async Task ReadAsync_AnswerAboveFourMebibytes_IsRead()
    {
        string name = new('v', 5 * 1024 * 1024);
        await using ScriptedSidecar sidecar = await StartAsync(Value($$"""{"name":"{{name}}","epoch":1}""", "1"));
        Assert.Equal(name, (await sidecar.Store().GetAsync("sessions", "k", OwnerJson.Default.Owner))!.Value!.Name);
    }

    [Fact]
    public async Task ReadAsync_AnswerLongerThanLimit_IsUnavailable()
    {
        await using ScriptedSidecar sidecar = await StartAsync(Value($"\"{new string('v', 70_000)}\"", "1"));
        StateReadResult<Owner> read = await sidecar.Store(o => o.MaximumAnswerBytes = 64 * 1024)
            .ReadAsync("sessions", "k", OwnerJson.Default.Owner);
        Assert.Equal((StateReadOutcome.Unavailable, "ResourceExhausted"), (read.Outcome, read.ErrorCode));
    }

    [Fact]
    public async Task AnyCall_SidecarThatNeverAnswers_EndsWithTheDeadline()
    {
        await using ScriptedSidecar sidecar = await StartAsync(Never);
        IStateStore store = sidecar.Store(o => o.StateTimeout = TimeSpan.FromMilliseconds(20));
        Assert.Equal("DeadlineExceeded", (await store.ReadAsync("sessions", "k", OwnerJson.Default.Owner)).ErrorCode);
        Assert.Equal(StateReadOutcome.Unavailable, (await store.GetBulkAsync("sessions", ["k"], OwnerJson.Default.Owner)).Outcome);
        Assert.Equal(StateWriteOutcome.Unavailable, (await store.TryCreateAsync("sessions", "k", Ours, OwnerJson.Default.Owner)).Outcome);
        Assert.Equal(StateWriteOutcome.Unavailable,
            (await store.TrySaveAsync("sessions", "k", Ours, "1", OwnerJson.Default.Owner)).Outcome);
        Assert.Equal(StateWriteOutcome.Unavailable, (await store.SaveAsync("sessions", "k", Ours, OwnerJson.Default.Owner)).Outcome);
        Assert.Equal(StateWriteOutcome.Unavailable, (await store.DeleteAsync("sessions", "k")).Outcome);
    }

    [Fact]
    public async Task AnyCall_CancelledByCaller_Throws()
    {
        await using ScriptedSidecar sidecar = await StartAsync(Never);
        using var cancelled = new CancellationTokenSource();
        Task<StateReadResult<Owner>> one = sidecar.Store().ReadAsync("sessions", "k", OwnerJson.Default.Owner, cancelled.Token);
        Task<StateBulkReadResult<Owner>> several = sidecar.Store()
            .GetBulkAsync("sessions", ["k"], OwnerJson.Default.Owner, cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => several);
    }

    [Fact]
    public async Task GetAsync_NoSidecar_Throws()
    {
        ScriptedSidecar sidecar = await StartAsync(Nothing);
        await using ScriptedSidecar _ = sidecar;
        IStateStore store = sidecar.Store(o => o.GrpcEndpoint = new Uri("http://127.0.0.1:1"));
        await Assert.ThrowsAsync<SidecarException>(() => store.GetAsync("sessions", "k", OwnerJson.Default.Owner));
    }

    [Fact]
    public async Task TrySaveAsync_Request_IsFirstWriteWithEtagTokenAndTtl()
    {
        await using ScriptedSidecar sidecar = await StartAsync(Done);
        StateWriteResult written = await sidecar.Store(o => o.ApiToken = "secret")
            .TrySaveAsync("sessions", "slot.eu.1", Ours, "\"0x1\"", OwnerJson.Default.Owner, TimeSpan.FromHours(1));
        Assert.True(written.IsWritten);
        SentCall call = Assert.Single(sidecar.Calls);
        Assert.Equal("secret", call.Headers["dapr-api-token"]);
        StateItem item = Assert.Single(((SaveStateRequest)call.Request).States);
        Assert.Equal(("slot.eu.1", "\"0x1\"", "3600"), (item.Key, item.Etag.Value, item.Metadata["ttlInSeconds"]));
        Assert.Equal(Dapr.Client.Autogen.Grpc.v1.StateOptions.Types.StateConcurrency.ConcurrencyFirstWrite, item.Options.Concurrency);
        Assert.Equal("""{"name":"a","epoch":1}""", item.Value.ToStringUtf8());
    }

    // An empty ETag object is no create: Redis writes over the value.
    [Fact]
    public async Task TryCreateAsync_Request_IsFirstWriteWithoutAnEtagObject()
    {
        await using ScriptedSidecar sidecar = await StartAsync(Done);
        Assert.True((await sidecar.Store().TryCreateAsync("sessions", "k", Ours, OwnerJson.Default.Owner)).IsWritten);
        StateItem item = Assert.Single(((SaveStateRequest)Assert.Single(sidecar.Calls).Request).States);
        Assert.Null(item.Etag);
        Assert.Equal(Dapr.Client.Autogen.Grpc.v1.StateOptions.Types.StateConcurrency.ConcurrencyFirstWrite, item.Options.Concurrency);
    }

    [Theory]
    [InlineData(StatusCode.Aborted, StateWriteOutcome.Conflict)]
    [InlineData(StatusCode.Internal, StateWriteOutcome.Unavailable)]
    [InlineData(StatusCode.Unavailable, StateWriteOutcome.Unavailable)]
    [InlineData(StatusCode.Unknown, StateWriteOutcome.Unavailable)]
    [InlineData(StatusCode.Cancelled, StateWriteOutcome.Unavailable)]
    [InlineData(StatusCode.InvalidArgument, StateWriteOutcome.Refused)]
    [InlineData(StatusCode.Unauthenticated, StateWriteOutcome.Refused)]
    [InlineData(StatusCode.FailedPrecondition, StateWriteOutcome.Refused)]
    [InlineData(StatusCode.ResourceExhausted, StateWriteOutcome.Refused)]
    public async Task TrySaveAndDelete_StatusWithoutErrorInfo_IsAnOutcome(StatusCode status, StateWriteOutcome outcome)
    {
        await using ScriptedSidecar sidecar = await StartAsync(Error(status));
        StateWriteResult written = await sidecar.Store().TrySaveAsync("sessions", "k", Ours, "1", OwnerJson.Default.Owner);
        Assert.Equal((outcome, status.ToString()), (written.Outcome, written.ErrorCode));
        Assert.Equal(written, await sidecar.Store().DeleteAsync("sessions", "k", "1"));
        Assert.Equal(written, await sidecar.Store().DeleteAsync("sessions", "k"));
    }

    [Theory]
    [InlineData(StatusCode.Aborted)]
    [InlineData(StatusCode.Internal)]
    public async Task TryCreateAsync_FailedAndAnotherOwnerThere_IsLost(StatusCode status)
    {
        await using ScriptedSidecar sidecar = await StartAsync(Error(status), Value("""{"name":"b","epoch":1}""", "1"));
        Assert.Equal(StateWriteOutcome.Conflict,
            (await sidecar.Store().TryCreateAsync("sessions", "k", Ours, OwnerJson.Default.Owner)).Outcome);
    }

    [Theory]
    [InlineData(StatusCode.Aborted)]
    [InlineData(StatusCode.Internal)]
    public async Task TryCreateAsync_FailedAndOursThere_IsWritten(StatusCode status)
    {
        await using ScriptedSidecar sidecar = await StartAsync(Error(status), Value("""{"epoch":1,"name":"a"}""", "1"));
        Assert.Equal(StateWriteOutcome.Written,
            (await sidecar.Store().TryCreateAsync("sessions", "k", Ours, OwnerJson.Default.Owner)).Outcome);
    }

    [Theory]
    [InlineData(StatusCode.Aborted, StateWriteOutcome.Conflict)]
    [InlineData(StatusCode.Internal, StateWriteOutcome.Unavailable)]
    public async Task TryCreateAsync_FailedAndNothingThere_IsWhatTheStatusSays(StatusCode status, StateWriteOutcome outcome)
    {
        await using ScriptedSidecar sidecar = await StartAsync(Error(status), Nothing);
        Assert.Equal(outcome, (await sidecar.Store().TryCreateAsync("sessions", "k", Ours, OwnerJson.Default.Owner)).Outcome);
    }

    [Fact]
    public async Task TryCreateAsync_Refused_IsNotReadBack()
    {
        await using ScriptedSidecar sidecar = await StartAsync(Error(StatusCode.InvalidArgument));
        Assert.Equal(StateWriteOutcome.Refused,
            (await sidecar.Store().TryCreateAsync("sessions", "k", Ours, OwnerJson.Default.Owner)).Outcome);
        Assert.Single(sidecar.Calls);
    }

    [Fact]
    public async Task SaveAsync_RedisKeyOnceWrittenFirstWrite_IsWrittenOverWithItsEtag()
    {
        await using ScriptedSidecar sidecar = await StartAsync(Error(StatusCode.Internal), Value("""{"name":"b","epoch":1}""", "4"), Done);
        Assert.True((await sidecar.Store().SaveAsync("sessions", "k", Ours, OwnerJson.Default.Owner)).IsWritten);
        SentCall[] calls = [.. sidecar.Calls];
        Assert.Null(((SaveStateRequest)calls[0].Request).States[0].Options);
        Assert.Equal("4", ((SaveStateRequest)calls[2].Request).States[0].Etag.Value);
    }

    [Fact]
    public async Task SaveAsync_AlwaysContended_EndsInAConflict()
    {
        Func<ServerCallContext, Task<IMessage>> lost = Error(StatusCode.Aborted);
        Func<ServerCallContext, Task<IMessage>> there = Value("""{"name":"b","epoch":1}""", "4");
        await using ScriptedSidecar sidecar = await StartAsync(
            Error(StatusCode.Internal), there, lost, there, lost, there, lost, there, lost, there, lost);
        Assert.Equal(StateWriteOutcome.Conflict, (await sidecar.Store().SaveAsync("sessions", "k", Ours, OwnerJson.Default.Owner)).Outcome);
        Assert.Equal(9, sidecar.Calls.Count);
    }

    [Fact]
    public async Task DeleteAsync_WithEtag_IsFirstWrite()
    {
        await using ScriptedSidecar sidecar = await StartAsync(Done);
        Assert.True((await sidecar.Store().DeleteAsync("sessions", "k", AzureEtag)).IsWritten);
        var request = (DeleteStateRequest)Assert.Single(sidecar.Calls).Request;
        Assert.Equal(AzureEtag, request.Etag.Value);
        Assert.Equal(Dapr.Client.Autogen.Grpc.v1.StateOptions.Types.StateConcurrency.ConcurrencyFirstWrite, request.Options.Concurrency);
    }

    [Fact]
    public async Task GetBulkAsync_MixedFates_AreToldApart()
    {
        var answer = new GetBulkStateResponse
        {
            Items =
            {
                Item("a", """{"name":"a","epoch":1}""", "1"), Item("none", "", ""), Item("bad", "5", "1"), Item("empty", "", "1"),
                    Item("null", "null", "1"),
                new BulkStateItem { Key = "broken", Error = "x" },
            },
        };
        await using ScriptedSidecar sidecar = await StartAsync(Answer(answer));
        StateBulkReadResult<Owner> bulk = await sidecar.Store(o => o.ApiToken = "secret")
            .GetBulkAsync("sessions", ["a", "none", "bad", "empty", "null", "broken"], OwnerJson.Default.Owner);
        Assert.Equal(StateReadOutcome.Found, bulk.Outcome);
        Assert.Equal(["a", "null"], bulk.Entries.Keys.Order());
        Assert.Equal(Ours, bulk.Entries["a"].Value);
        Assert.Equal(["bad", "broken", "empty"], bulk.FailedKeys.Order());
        Assert.Equal("secret", Assert.Single(sidecar.Calls).Headers["dapr-api-token"]);
    }

    [Theory]
    [InlineData(StatusCode.Internal, StateReadOutcome.Unavailable)]
    [InlineData(StatusCode.InvalidArgument, StateReadOutcome.Refused)]
    public async Task GetBulkAsync_Status_IsAnOutcome(StatusCode status, StateReadOutcome outcome)
    {
        await using ScriptedSidecar sidecar = await StartAsync(Error(status));
        Assert.Equal(outcome, (await sidecar.Store().GetBulkAsync("sessions", ["a"], OwnerJson.Default.Owner)).Outcome);
    }

    [Fact]
    public async Task GetBulkAsync_NoKeys_AsksNobody()
    {
        await using ScriptedSidecar sidecar = await StartAsync(Error(StatusCode.Internal));
        Assert.Equal(StateReadOutcome.Found, (await sidecar.Store().GetBulkAsync("sessions", [], OwnerJson.Default.Owner)).Outcome);
        Assert.Empty(sidecar.Calls);
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("a||b")]
    [InlineData("")]
    public async Task AnyCall_KeyThatSomeStoreRefuses_Throws(string key)
    {
        await using ScriptedSidecar sidecar = await StartAsync(Nothing);
        await Assert.ThrowsAsync<ArgumentException>(() => sidecar.Store().ReadAsync("sessions", key, OwnerJson.Default.Owner));
    }

    [Fact]
    public async Task AnyCall_KeyOf251Characters_Throws()
    {
        await using ScriptedSidecar sidecar = await StartAsync(Nothing);
        IStateStore store = sidecar.Store();
        Assert.Equal(StateReadOutcome.Missing, (await store.ReadAsync("sessions", new string('k', 250), OwnerJson.Default.Owner)).Outcome);
        await Assert.ThrowsAsync<ArgumentException>(() => store.ReadAsync("sessions", new string('k', 251), OwnerJson.Default.Owner));
    }

    [Fact]
    public async Task SaveAsync_ValueAboveTheLimit_IsRefusedWithoutACall()
    {
        await using ScriptedSidecar sidecar = await StartAsync(Done);
        var value = new Owner(new string('v', 4 * 1024 * 1024), 1);
        StateWriteResult written = await sidecar.Store().SaveAsync("sessions", "k", value, OwnerJson.Default.Owner);
        Assert.Equal((StateWriteOutcome.Refused, "ResourceExhausted"), (written.Outcome, written.ErrorCode));
        Assert.Equal(written, await sidecar.Store().TryCreateAsync("sessions", "k", value, OwnerJson.Default.Owner));
        Assert.Empty(sidecar.Calls);
    }

    [Fact]
    public async Task ConsecutiveFailures_FailuresThenAnAnswer_CountAndReset()
    {
        await using ScriptedSidecar sidecar = await StartAsync(Error(StatusCode.Unavailable), Error(StatusCode.Internal), Nothing);
        IServiceProvider services = sidecar.Connect();
        IStateStore store = services.GetRequiredService<IStateStore>();
        ISidecarHealth health = services.GetRequiredService<ISidecarHealth>();
        await store.ReadAsync("sessions", "k", OwnerJson.Default.Owner);
        await store.ReadAsync("sessions", "k", OwnerJson.Default.Owner);
        Assert.Equal(2, health.ConsecutiveFailures);
        await store.ReadAsync("sessions", "k", OwnerJson.Default.Owner);
        Assert.Equal(0, health.ConsecutiveFailures);
    }

    private static BulkStateItem Item(string key, string json, string etag)
        => new() { Key = key, Data = ByteString.CopyFromUtf8(json), Etag = etag };
}

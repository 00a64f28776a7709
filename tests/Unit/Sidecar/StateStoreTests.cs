using System.Text.Json;
using System.Text.Json.Serialization;
using Dapr.Voice.Sidecar;
using Xunit;
using static Dapr.Voice.Tests.Unit.Sidecar.ScriptedSidecar;

namespace Dapr.Voice.Tests.Unit.Sidecar;

internal sealed record Owner(string Name, int Epoch);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Owner))]
internal sealed partial class OwnerJson : JsonSerializerContext;

public sealed class StateStoreTests
{
    private static readonly Owner Ours = new("a", 1);

    [Fact]
    public async Task ReadAsync_EtagOfAzureWithQuotes_ComesBackUnchanged()
    {
        var read = await new ScriptedSidecar(Answer(200, """{"name":"a","epoch":1}""", "W/\"datetime'2026-11-22T10%3A00%3A00Z'\"")).Store().ReadAsync("sessions", "slot.eu.1", OwnerJson.Default.Owner);
        Assert.Equal((StateReadOutcome.Found, Ours, "W/\"datetime'2026-11-22T10%3A00%3A00Z'\""), (read.Outcome, read.Entry!.Value, read.Entry.ETag));
    }

    [Fact]
    public async Task ReadAsync_EtagOfRedisWithoutQuotes_ComesBackUnchanged()
        => Assert.Equal("17", (await new ScriptedSidecar(Answer(200, """{"name":"a","epoch":1}""", "17")).Store().GetAsync("sessions", "k", OwnerJson.Default.Owner))!.ETag);

    [Fact]
    public async Task ReadAsync_NoContent_IsMissingAndNullIsFound()
    {
        Assert.Equal(StateReadOutcome.Missing, (await new ScriptedSidecar(Answer(204)).Store().ReadAsync("sessions", "k", OwnerJson.Default.Owner)).Outcome);
        var found = await new ScriptedSidecar(Answer(200, "null", "1")).Store().ReadAsync("sessions", "k", OwnerJson.Default.Owner);
        Assert.Equal(StateReadOutcome.Found, found.Outcome);
        Assert.Null(found.Entry!.Value);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("{\"name\":5}")]
    [InlineData("")]
    public async Task ReadAsync_ValueOfAnotherShape_IsMalformed(string value)
        => Assert.Equal(StateReadOutcome.Malformed, (await new ScriptedSidecar(Answer(200, value, "1")).Store().ReadAsync("sessions", "k", OwnerJson.Default.Owner)).Outcome);

    [Fact]
    public async Task ReadAsync_AnswerLongerThanLimit_IsUnavailable()
    {
        var read = await new ScriptedSidecar(Answer(200, $"\"{new string('v', 70_000)}\"")).Store(o => o.MaximumAnswerBytes = 64 * 1024).ReadAsync("sessions", "k", OwnerJson.Default.Owner);
        Assert.Equal((StateReadOutcome.Unavailable, "AnswerTooLong"), (read.Outcome, read.ErrorCode));
    }

    [Fact]
    public async Task AnyCall_SidecarThatNeverAnswers_EndsWithTheDeadline()
    {
        var store = new ScriptedSidecar(Never).Store(o => o.StateTimeout = TimeSpan.FromMilliseconds(20));
        Assert.Equal("Deadline", (await store.ReadAsync("sessions", "k", OwnerJson.Default.Owner)).ErrorCode);
        Assert.Equal(StateWriteOutcome.Unavailable, (await store.TryCreateAsync("sessions", "k", Ours, OwnerJson.Default.Owner)).Outcome);
        Assert.Equal(StateWriteOutcome.Unavailable, (await store.SaveAsync("sessions", "k", Ours, OwnerJson.Default.Owner)).Outcome);
    }

    [Fact]
    public async Task AnyCall_CancelledByCaller_Throws()
    {
        using var cancelled = new CancellationTokenSource();
        var call = new ScriptedSidecar(Never).Store().ReadAsync("sessions", "k", OwnerJson.Default.Owner, cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    [Fact]
    public async Task GetAsync_NoConnection_Throws()
        => await Assert.ThrowsAsync<SidecarException>(() => new ScriptedSidecar(Refused).Store().GetAsync("sessions", "k", OwnerJson.Default.Owner));

    [Fact]
    public async Task TrySaveAsync_Request_IsFirstWriteWithEtagAndContentLength()
    {
        var sidecar = new ScriptedSidecar(Answer(204));
        var written = await sidecar.Store(o => o.ApiToken = "secret").TrySaveAsync("sessions", "slot.eu.1", Ours, "\"0x1\"", OwnerJson.Default.Owner, TimeSpan.FromHours(1));
        Assert.True(written.IsWritten);
        var request = Assert.Single(sidecar.Requests);
        Assert.Equal(("POST", "/v1.0/state/sessions"), (request.Method, request.PathAndQuery));
        Assert.Equal("secret", request.Headers["dapr-api-token"]);
        Assert.Equal(request.Body.Length, request.ContentLength);
        Assert.False(request.IsChunked);
        using var body = JsonDocument.Parse(request.Body);
        var item = Assert.Single(body.RootElement.EnumerateArray());
        Assert.Equal("\"0x1\"", item.GetProperty("etag").GetString());
        Assert.Equal("first-write", item.GetProperty("options").GetProperty("concurrency").GetString());
        Assert.Equal("3600", item.GetProperty("metadata").GetProperty("ttlInSeconds").GetString());
    }

    [Theory]
    [InlineData(409, StateWriteOutcome.Conflict)]
    [InlineData(500, StateWriteOutcome.Unavailable)]
    [InlineData(503, StateWriteOutcome.Unavailable)]
    [InlineData(400, StateWriteOutcome.Refused)]
    [InlineData(401, StateWriteOutcome.Refused)]
    public async Task TrySaveAsync_Status_IsAnOutcome(int status, StateWriteOutcome outcome)
    {
        var written = await new ScriptedSidecar(Error(status, "ERR_STATE_SAVE")).Store().TrySaveAsync("sessions", "k", Ours, "1", OwnerJson.Default.Owner);
        Assert.Equal((outcome, "ERR_STATE_SAVE"), (written.Outcome, written.ErrorCode));
    }

    [Fact]
    public async Task TryCreateAsync_ConflictStatus_IsLostWithoutReadBack()
    {
        var sidecar = new ScriptedSidecar(Error(409, "ERR_STATE_SAVE"));
        Assert.Equal(StateWriteOutcome.Conflict, (await sidecar.Store().TryCreateAsync("sessions", "k", Ours, OwnerJson.Default.Owner)).Outcome);
        Assert.Single(sidecar.Requests);
    }

    [Fact]
    public async Task TryCreateAsync_ErrorStatusAndAnotherOwnerThere_IsLost()
    {
        var store = new ScriptedSidecar(Error(500, "ERR_STATE_SAVE"), Answer(200, """{"name":"b","epoch":1}""", "1")).Store();
        Assert.Equal(StateWriteOutcome.Conflict, (await store.TryCreateAsync("sessions", "k", Ours, OwnerJson.Default.Owner)).Outcome);
    }

    [Fact]
    public async Task TryCreateAsync_ErrorStatusAndOursThere_IsWritten()
    {
        var store = new ScriptedSidecar(Error(500, "ERR_STATE_SAVE"), Answer(200, """{"epoch":1,"name":"a"}""", "1")).Store();
        Assert.Equal(StateWriteOutcome.Written, (await store.TryCreateAsync("sessions", "k", Ours, OwnerJson.Default.Owner)).Outcome);
    }

    [Fact]
    public async Task TryCreateAsync_ErrorStatusAndNothingThere_IsUnavailable()
    {
        var store = new ScriptedSidecar(Error(500, "ERR_STATE_SAVE"), Answer(204)).Store();
        Assert.Equal(StateWriteOutcome.Unavailable, (await store.TryCreateAsync("sessions", "k", Ours, OwnerJson.Default.Owner)).Outcome);
    }

    [Fact]
    public async Task SaveAsync_RedisKeyOnceWrittenFirstWrite_IsWrittenOverWithItsEtag()
    {
        var sidecar = new ScriptedSidecar(Error(500, "ERR_STATE_SAVE"), Answer(200, """{"name":"b","epoch":1}""", "4"), Answer(204));
        Assert.True((await sidecar.Store().SaveAsync("sessions", "k", Ours, OwnerJson.Default.Owner)).IsWritten);
        Assert.Contains("\"etag\":\"4\"", sidecar.Requests[2].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SaveAsync_AlwaysContended_GivesUp()
    {
        var lost = Error(409, "ERR_STATE_SAVE");
        var there = Answer(200, """{"name":"b","epoch":1}""", "4");
        var sidecar = new ScriptedSidecar(Error(500, "ERR_STATE_SAVE"), there, lost, there, lost, there, lost, there, lost, there, lost);
        Assert.Equal(StateWriteOutcome.Conflict, (await sidecar.Store().SaveAsync("sessions", "k", Ours, OwnerJson.Default.Owner)).Outcome);
        Assert.Equal(9, sidecar.Requests.Count);
    }

    [Fact]
    public async Task DeleteAsync_WithEtag_SendsItAsIfMatchUnchanged()
    {
        var sidecar = new ScriptedSidecar(Answer(204));
        Assert.True((await sidecar.Store().DeleteAsync("sessions", "k", "17")).IsWritten);
        Assert.Equal("17", sidecar.Requests[0].Headers["If-Match"]);
    }

    [Fact]
    public async Task GetBulkAsync_MixedFates_AreToldApart()
    {
        const string answer = """[{"key":"a","data":{"name":"a","epoch":1},"etag":"1"},{"key":"none"},{"key":"bad","data":5,"etag":"1"},{"key":"broken","error":"x"},{"key":""}]""";
        var bulk = await new ScriptedSidecar(Answer(200, answer)).Store().GetBulkAsync("sessions", ["a", "none", "bad", "broken"], OwnerJson.Default.Owner);
        Assert.Equal(StateReadOutcome.Found, bulk.Outcome);
        Assert.Equal(Ours, Assert.Single(bulk.Entries).Value.Value);
        Assert.Equal(["bad", "broken"], bulk.FailedKeys.Order());
    }

    [Fact]
    public async Task GetBulkAsync_NoKeys_AsksNobody()
    {
        var sidecar = new ScriptedSidecar(Refused);
        Assert.Equal(StateReadOutcome.Found, (await sidecar.Store().GetBulkAsync("sessions", [], OwnerJson.Default.Owner)).Outcome);
        Assert.Empty(sidecar.Requests);
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("a||b")]
    [InlineData("")]
    public async Task AnyCall_KeyThatSomeStoreRefuses_Throws(string key)
        => await Assert.ThrowsAsync<ArgumentException>(() => new ScriptedSidecar(Answer(204)).Store().ReadAsync("sessions", key, OwnerJson.Default.Owner));

    [Fact]
    public async Task AnyCall_KeyOf251Characters_Throws()
    {
        var store = new ScriptedSidecar(Answer(204)).Store();
        Assert.Equal(StateReadOutcome.Missing, (await store.ReadAsync("sessions", new string('k', 250), OwnerJson.Default.Owner)).Outcome);
        await Assert.ThrowsAsync<ArgumentException>(() => store.ReadAsync("sessions", new string('k', 251), OwnerJson.Default.Owner));
    }

    [Fact]
    public async Task SaveAsync_ValueAboveFourMebibytes_IsRefusedWithoutACall()
    {
        var sidecar = new ScriptedSidecar(Answer(204));
        var written = await sidecar.Store().SaveAsync("sessions", "k", new Owner(new string('v', 4 * 1024 * 1024), 1), OwnerJson.Default.Owner);
        Assert.Equal((StateWriteOutcome.Refused, "REQUEST_TOO_LARGE"), (written.Outcome, written.ErrorCode));
        Assert.Empty(sidecar.Requests);
    }

    [Fact]
    public async Task ConsecutiveFailures_FailuresThenAnAnswer_CountAndReset()
    {
        var connection = new ScriptedSidecar(Refused, Error(500, "ERR_STATE_GET"), Answer(204)).Connect();
        var store = new HttpStateStore(connection);
        await store.ReadAsync("sessions", "k", OwnerJson.Default.Owner);
        await store.ReadAsync("sessions", "k", OwnerJson.Default.Owner);
        Assert.Equal(2, connection.ConsecutiveFailures);
        await store.ReadAsync("sessions", "k", OwnerJson.Default.Owner);
        Assert.Equal(0, connection.ConsecutiveFailures);
    }
}

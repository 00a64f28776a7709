using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Dapr.Voice.Sidecar;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Sidecar;

/// <summary>Every answer that the real sidecar was recorded to give, given to the client: it becomes an outcome, never an exception.</summary>
public sealed class RecordedAnswersTests
{
    private static readonly string Root = Path.Combine(AppContext.BaseDirectory, "Vectors", "dapr-contract");

    private static readonly JsonTypeInfo<JsonElement> Any = (JsonTypeInfo<JsonElement>)JsonSerializerOptions.Default.GetTypeInfo(typeof(JsonElement));

    public static TheoryData<string> Recordings => [.. Directory.EnumerateFiles(Root, "*.json", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(Root, f).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Recordings))]
    public async Task Client_AnyRecordedAnswer_IsAnOutcomeThatFitsTheStatus(string name)
    {
        var recording = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Root, name)))!;
        foreach (var step in (recording["steps"] ?? recording["calls"] ?? new JsonArray()).AsArray())
        {
            if (step!["answer"]!["status"]!.GetValueKind() != JsonValueKind.Number) continue;
            int status = (int)step["answer"]!["status"]!;
            var answer = Answer(step["answer"]!.AsObject(), status);
            string path = (string)step["request"]!["path"]!;
            string method = (string)step["request"]!["method"]!;
            string what = $"{name}: {step["name"]}";
            if (path.Contains("/publish/", StringComparison.Ordinal)) await PublishAsync(answer, status, what);
            else if (path.Contains("/secrets/", StringComparison.Ordinal)) await SecretAsync(answer, status, path, what);
            else if (path.Contains("/invoke/", StringComparison.Ordinal)) await InvokeAsync(answer, status, what);
            else if (path.Contains("/bulk", StringComparison.Ordinal)) await BulkAsync(answer, status, what);
            else if (path.Contains("/state/", StringComparison.Ordinal) && method == "GET") await ReadAsync(answer, status, (string?)step["answer"]!["headers"]?["etag"], what);
            else if (path.Contains("/state/", StringComparison.Ordinal) && method != "HEAD") await WriteAsync(answer, status, method, what);
        }
    }

    private static Func<CancellationToken, Task<HttpResponseMessage>> Answer(JsonObject recorded, int status)
    {
        string body = recorded["body"] is JsonObject b ? b["json"]?.ToJsonString() ?? (string?)b["text"] ?? "" : "";
        if (recorded["body"] is JsonObject o && o.ContainsKey("json") && o["json"] is null) body = "null";
        return ScriptedSidecar.Answer(status, body, (string?)recorded["headers"]?["etag"], (string?)recorded["headers"]?["content-type"] ?? "text/plain");
    }

    private static async Task ReadAsync(Func<CancellationToken, Task<HttpResponseMessage>> answer, int status, string? etag, string what)
    {
        var read = await new ScriptedSidecar(answer).Store().ReadAsync("sessions", "k", Any);
        var expected = status switch { 200 => StateReadOutcome.Found, 204 => StateReadOutcome.Missing, >= 500 => StateReadOutcome.Unavailable, _ => StateReadOutcome.Refused };
        Assert.True(expected == read.Outcome, $"{what}: {read.Outcome}");
        if (expected == StateReadOutcome.Found) Assert.Equal(etag, read.Entry!.ETag);
    }

    private static async Task WriteAsync(Func<CancellationToken, Task<HttpResponseMessage>> answer, int status, string method, string what)
    {
        var store = new ScriptedSidecar(answer).Store();
        var written = method == "DELETE" ? await store.DeleteAsync("sessions", "k", "1") : await store.TrySaveAsync("sessions", "k", default, "1", Nothing);
        var expected = status switch { 204 => StateWriteOutcome.Written, 409 => StateWriteOutcome.Conflict, >= 500 => StateWriteOutcome.Unavailable, _ => StateWriteOutcome.Refused };
        Assert.True(expected == written.Outcome, $"{what}: {written.Outcome}");
        if (!written.IsWritten) Assert.Matches("^ERR_|^HTTP_", written.ErrorCode);
    }

    private static async Task BulkAsync(Func<CancellationToken, Task<HttpResponseMessage>> answer, int status, string what)
    {
        var bulk = await new ScriptedSidecar(answer).Store().GetBulkAsync("sessions", ["bu-1"], Any);
        var expected = status switch { 200 => StateReadOutcome.Found, >= 500 => StateReadOutcome.Unavailable, _ => StateReadOutcome.Refused };
        Assert.True(expected == bulk.Outcome, $"{what}: {bulk.Outcome}");
    }

    private static async Task PublishAsync(Func<CancellationToken, Task<HttpResponseMessage>> answer, int status, string what)
    {
        var published = await new HttpEventPublisher(new ScriptedSidecar(answer).Connect()).PublishAsync("lifecycle", "t", 1, (JsonTypeInfo<int>)JsonSerializerOptions.Default.GetTypeInfo(typeof(int)));
        var expected = status switch { 204 => PublishOutcome.Published, >= 500 => PublishOutcome.Unavailable, _ => PublishOutcome.Refused };
        Assert.True(expected == published.Outcome, $"{what}: {published.Outcome}");
    }

    private static async Task SecretAsync(Func<CancellationToken, Task<HttpResponseMessage>> answer, int status, string path, string what)
    {
        string key = path[(path.LastIndexOf('/') + 1)..];
        var secret = await new HttpSecretStore(new ScriptedSidecar(answer).Connect()).GetAsync("secrets", key);
        SecretOutcome[] expected = status switch { 200 => key == "bulk" ? [SecretOutcome.Failed] : [SecretOutcome.Found, SecretOutcome.Missing], >= 500 => [SecretOutcome.Failed], _ => [SecretOutcome.Refused] };
        Assert.True(expected.Contains(secret.Outcome), $"{what}: {secret.Outcome}");
        Assert.Equal(secret.Outcome == SecretOutcome.Found, secret.Value is not null);
    }

    private static async Task InvokeAsync(Func<CancellationToken, Task<HttpResponseMessage>> answer, int status, string what)
    {
        var answered = await new HttpServiceInvoker(new ScriptedSidecar(answer).Connect()).InvokeAsync("signaling", HttpMethod.Get, "/x");
        InvocationOutcome[] expected = status is >= 200 and < 300 ? [InvocationOutcome.Succeeded] : [InvocationOutcome.Refused, InvocationOutcome.Unreachable];
        Assert.True(expected.Contains(answered.Outcome), $"{what}: {answered.Outcome}");
    }

    private static readonly JsonTypeInfo<int> Nothing = (JsonTypeInfo<int>)JsonSerializerOptions.Default.GetTypeInfo(typeof(int));
}

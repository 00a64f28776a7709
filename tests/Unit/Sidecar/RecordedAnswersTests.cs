using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Dapr.Client.Autogen.Grpc.v1;
using Dapr.Voice.Sidecar;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Sidecar;

/// <summary>
/// Every answer that the real sidecar was recorded to give is given to the client: it becomes an outcome, and never an exception.
/// </summary>
public sealed class RecordedAnswersTests
{
    private static readonly string Root = Path.Combine(AppContext.BaseDirectory, "Vectors", "dapr-contract");

    private static readonly Google.Protobuf.Reflection.ServiceDescriptor Service = DaprReflection.Descriptor.Services.Single(
        s => s.FullName == "dapr.proto.runtime.v1.Dapr");

    private static readonly JsonTypeInfo<JsonElement> Any =
        (JsonTypeInfo<JsonElement>)JsonSerializerOptions.Default.GetTypeInfo(typeof(JsonElement));

    private static readonly JsonTypeInfo<int> Number = (JsonTypeInfo<int>)JsonSerializerOptions.Default.GetTypeInfo(typeof(int));

    public static TheoryData<string> GrpcRecordings => Recordings("grpc");

    public static TheoryData<string> Invocations => Recordings("invocation");

    [Theory]
    [MemberData(nameof(GrpcRecordings))]
    public async Task Client_AnyAnswerRecordedOverGrpc_IsAnOutcomeThatFitsTheStatus(string name)
    {
        await using ScriptedSidecar sidecar = await ScriptedSidecar.StartAsync();
        IServiceProvider services = sidecar.Connect();
        foreach (JsonNode? step in JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Root, name)))!["steps"]?.AsArray() ?? [])
        {
            string method = (string)step!["method"]!;
            JsonNode recorded = step["answer"]!;
            StatusCode status = Enum.Parse<StatusCode>((string)recorded["code"]!);
            IMessage? answer = status == StatusCode.OK ? Message(method, recorded["response"]!) : null;
            sidecar.Script(answer is null ? ScriptedSidecar.Error(status) : ScriptedSidecar.Answer(answer));
            string what = $"{name}: {step["name"]}: ";
            (string Expected, string Actual)? outcomes = method switch
            {
                "GetState" => (Read(status, answer as GetStateResponse),
                    (await State().ReadAsync("sessions", "k", Any)).Outcome.ToString()),
                "GetBulkState" => (Bulk(status, answer as GetBulkStateResponse), await BulkAsync(answer as GetBulkStateResponse)),
                "SaveState" => (Written(status), (await State().TrySaveAsync("sessions", "k", 1, "1", Number)).Outcome.ToString()),
                "DeleteState" => (Written(status), (await State().DeleteAsync("sessions", "k", "1")).Outcome.ToString()),
                "PublishEvent" => (status == StatusCode.OK ? "Published" : "Refused",
                    (await services.GetRequiredService<IEventPublisher>().PublishAsync("lifecycle", "t", 1, Number)).Outcome.ToString()),
                "GetSecret" => (Secret(status),
                    (await services.GetRequiredService<ISecretStore>()
                    .GetAsync("secrets", (string)step["request"]!["key"]!)).Outcome.ToString()),
                _ => null,
            };
            if (outcomes is { } o) Assert.Equal(what + o.Expected, what + o.Actual);
        }

        IStateStore State() => services.GetRequiredService<IStateStore>();

        async Task<string> BulkAsync(GetBulkStateResponse? answer)
        {
            StateBulkReadResult<JsonElement> bulk = await State().GetBulkAsync("sessions", ["k"], Any);
            return $"{bulk.Outcome} {string.Join(' ', bulk.Entries.Keys.Order(StringComparer.Ordinal))}";
        }
    }

    [Theory]
    [MemberData(nameof(Invocations))]
    public async Task Invoker_AnyRecordedAnswer_IsAnOutcomeThatFitsTheStatus(string name)
    {
        JsonNode recording = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Root, name)))!;
        foreach (JsonNode? step in recording["steps"]?.AsArray() ?? [])
        {
            JsonNode answer = step!["answer"]!;
            if (answer["status"]!.GetValueKind() != JsonValueKind.Number
                || !((string)step["request"]!["path"]!).Contains("/invoke/", StringComparison.Ordinal)) continue;
            int status = (int)answer["status"]!;
            string body = answer["body"]?["json"]?.ToJsonString() ?? (string?)answer["body"]?["text"] ?? "";
            var sidecar = new ScriptedHttp(ScriptedHttp.Answer(status, body, (string?)answer["headers"]?["content-type"] ?? "text/plain"));
            InvocationResult answered = await sidecar.Invoker().InvokeAsync("signaling", HttpMethod.Post, "/x", HttpStatusCode.Created);
            InvocationOutcome[] expected = status switch
            {
                201 => [InvocationOutcome.Succeeded],
                >= 200 and < 300 => [InvocationOutcome.Unreachable],
                _ => [InvocationOutcome.Refused, InvocationOutcome.Unreachable],
            };
            Assert.True(expected.Contains(answered.Outcome), $"{name}: {step["name"]}: {answered.Outcome}");
        }
    }

    private static string Read(StatusCode status, GetStateResponse? answer)
    {
        if (answer is null) return (status == StatusCode.Internal ? StateReadOutcome.Unavailable : StateReadOutcome.Refused).ToString();
        if (answer.Data.IsEmpty && answer.Etag.Length == 0) return nameof(StateReadOutcome.Missing);
        return (IsJson(answer.Data) ? StateReadOutcome.Found : StateReadOutcome.Malformed).ToString();
    }

    private static string Bulk(StatusCode status, GetBulkStateResponse? answer)
        => answer is null
            ? $"{(status == StatusCode.Internal ? StateReadOutcome.Unavailable : StateReadOutcome.Refused)} "
            : $"Found {string.Join(' ', answer.Items.Where(i => i.Error.Length == 0 && IsJson(i.Data)).Select(i => i.Key).Distinct()
                .Order(StringComparer.Ordinal))}";

    private static string Written(StatusCode status) => (status switch
    {
        StatusCode.OK => StateWriteOutcome.Written,
        StatusCode.Aborted => StateWriteOutcome.Conflict,
        StatusCode.Internal => StateWriteOutcome.Unavailable,
        _ => StateWriteOutcome.Refused,
    }).ToString();

    private static string Secret(StatusCode status) => (status switch
    {
        StatusCode.OK => SecretOutcome.Found,
        StatusCode.Internal => SecretOutcome.Failed,
        _ => SecretOutcome.Refused,
    }).ToString();

    private static bool IsJson(ByteString data)
    {
        try
        {
            JsonElement.Parse(data.Span);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static IMessage Message(string method, JsonNode response)
        => Service.FindMethodByName(method).OutputType.Parser.ParseJson(ToProtobufJson(response)!.ToJsonString());

    /// <summary>A bytes field stands in a recording as <c>{"text": …}</c>, in protobuf's JSON as base64.</summary>
    private static JsonNode? ToProtobufJson(JsonNode? node) => node switch
    {
        JsonObject { Count: 1 } bytes when bytes["text"] is JsonValue text => Convert.ToBase64String(Encoding.UTF8.GetBytes((string)text!)),
        JsonObject fields => new JsonObject(fields.Select(f => KeyValuePair.Create(f.Key, ToProtobufJson(f.Value)))),
        JsonArray items => new JsonArray([.. items.Select(ToProtobufJson)]),
        _ => node?.DeepClone(),
    };

    private static TheoryData<string> Recordings(string folder)
        => [.. Directory.EnumerateFiles(Path.Combine(Root, folder), "*.json", SearchOption.AllDirectories)
        .Select(f => Path.GetRelativePath(Root, f).Replace('\\', '/')).Order(StringComparer.Ordinal)];
}

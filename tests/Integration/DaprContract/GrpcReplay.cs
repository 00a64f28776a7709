using System.Text;
using System.Text.Json.Nodes;
using Dapr.Client.Autogen.Grpc.v1;
using Dapr.Voice.DevSidecar;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;

namespace Dapr.Voice.Tests.Integration.DaprContract;

/// <summary>
/// Replays recordings made over gRPC: state, secrets, metadata, and what an HTTP subscriber receives of events published over gRPC.
/// </summary>
internal static class GrpcReplay
{
    private const string Token = "sidecar-secret";

    /// <summary>For this long after the last expected delivery the subscriber must receive nothing more.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(200);

    private static readonly ServiceDescriptor Service = DaprReflection.Descriptor.Services.Single(
        s => s.FullName == "dapr.proto.runtime.v1.Dapr");

    public static Task RunAsync(Recording recording) => recording.Folder switch
    {
        "general" => GeneralAsync(recording, sidecarToken: null, callToken: null),
        "general-no-token" => GeneralAsync(recording, Token, callToken: null),
        "general-wrong-token" => GeneralAsync(recording, Token, callToken: "another-secret"),
        "general-right-token" => GeneralAsync(recording, Token, Token),
        string folder when folder.StartsWith("pubsub.", StringComparison.Ordinal) => PublishAsync(recording),
        string folder when folder.StartsWith("state.", StringComparison.Ordinal) => StateAsync(recording),
        _ => throw new InvalidOperationException($"no replay for {recording.Name}"),
    };

    private static async Task StateAsync(Recording recording)
    {
        string component = SidecarUnderTest.Component(
            "sessions", recording.ComponentType, SidecarUnderTest.Metadata("keyPrefix", "none"), version: recording.ComponentVersion);
        await using SidecarUnderTest sidecar = await SidecarUnderTest.StartAsync(_ => [component], o => o, new AppSpec("recorder", 0));
        await StepsAsync(recording, sidecar, callToken: null);
    }

    private static async Task GeneralAsync(Recording recording, string? sidecarToken, string? callToken)
    {
        await using SidecarUnderTest sidecar = await SidecarUnderTest.StartAsync(folder =>
        {
            string file = Path.Combine(folder.FullName, "secrets.json");
            File.WriteAllText(file, """{"one":"first","two":"second"}""");
            return
            [
                SidecarUnderTest.Component("secrets", "secretstores.local.file", SidecarUnderTest.Metadata("secretsFile", file)),
                SidecarUnderTest.Component("lifecycle", "pubsub.in-memory"),
            ];
        }, o => o with { ApiToken = sidecarToken }, new AppSpec("general", 0));
        await StepsAsync(recording, sidecar, callToken);
    }

    private static async Task PublishAsync(Recording recording)
    {
        await using RecordingApp app = await RecordingApp.StartAsync(RecordingApp.Subscriber(recording.Content["subscribe"]!, []));
        await using SidecarUnderTest sidecar = await SidecarUnderTest.StartAsync(
            _ => [SidecarUnderTest.Component("lifecycle", recording.ComponentType)], o => o, new AppSpec("gsub", 0, app.Port));
        await sidecar.Host.WhenReadyAsync();
        await StepsAsync(recording, sidecar, callToken: null);

        var expected = recording.Content["deliveries"]!.AsArray().Select(d => d!.AsObject()).ToList();
        List<ReceivedCall> Deliveries() => app.Calls.Where(c => c.Method == "POST").ToList();
        await Wait.UntilAsync(() => Deliveries().Count >= expected.Count, $"{expected.Count} deliveries");
        await Task.Delay(Quiet);
        List<ReceivedCall> rest = Deliveries();
        foreach (JsonObject delivery in expected)
        {
            int index = rest.FindIndex(call => Matches(delivery, call));
            Assert.True(
                index >= 0,
                $"no delivery is like {delivery.ToJsonString()}; left are:\n"
                + $"{string.Join('\n', rest.Select(c => Encoding.UTF8.GetString(c.Body)))}");
            rest.RemoveAt(index);
        }
        Assert.Empty(rest);
    }

    private static bool Matches(JsonObject delivery, ReceivedCall call)
        => (string)delivery["path"]! == call.Path
            && delivery["headers"]!.AsObject().All(h => (string)h.Value! == call.Headers.GetValueOrDefault(h.Key))
            && Placeholders.Matches(delivery["body"]!["json"], call.Json);

    private static async Task StepsAsync(Recording recording, SidecarUnderTest sidecar, string? callToken)
    {
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{sidecar.GrpcPort}");
        CallInvoker invoker = channel.CreateCallInvoker();
        var bound = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonObject step in recording.Steps)
        {
            if (step["waitMs"] is { } wait) sidecar.Time.Advance(TimeSpan.FromMilliseconds((int)wait));
            JsonObject answer = await CallAsync(invoker, step, bound, callToken);
            Compare($"{recording.Name}, step '{step["name"]}'", step["answer"]!.AsObject(), answer);
            foreach ((string name, JsonNode? field) in step["bind"]?.AsObject() ?? []) bound[name] =
                (string?)answer["response"]?[(string)field!] ?? "";
        }
    }

    /// <summary>Returns the answer in the form of a recording: <c>code</c>, <c>response</c> as protobuf JSON, <c>reasons</c>.</summary>
    private static async Task<JsonObject> CallAsync(CallInvoker invoker, JsonObject step, Dictionary<string, string> bound, string? token)
    {
        MethodDescriptor described = Service.FindMethodByName((string)step["method"]!);
        Marshaller<byte[]> bytes = Marshallers.Create(b => b, b => b);
        var method = new Method<byte[], byte[]>(MethodType.Unary, Service.FullName, described.Name, bytes, bytes);
        var headers = new Metadata();
        foreach ((string name, JsonNode? value) in step["metadata"]?.AsObject() ?? []) headers.Add(name, (string)value!);
        if (token is not null) headers.Add("dapr-api-token", token);
        IMessage request = described.InputType.Parser.ParseJson(ToProtobufJson(step["request"], bound)!.ToJsonString());
        try
        {
            byte[] response = await invoker.AsyncUnaryCall(method, host: null, new CallOptions(headers), request.ToByteArray());
            return new JsonObject { ["code"] = "OK", ["response"] = JsonNode.Parse(
                JsonFormatter.Default.Format(described.OutputType.Parser.ParseFrom(response))) };
        }
        catch (RpcException failure)
        {
            byte[]? details = failure.Trailers.GetValueBytes("grpc-status-details-bin");
            IEnumerable<string> reasons = details is null ? []
                : Google.Rpc.Status.Parser.ParseFrom(details).Details.Where(d => d.Is(ErrorInfo.Descriptor))
                .Select(d => d.Unpack<ErrorInfo>().Reason);
            return new JsonObject { ["code"] = failure.StatusCode.ToString(),
                ["reasons"] = new JsonArray([.. reasons.Select(r => (JsonNode)r)]) };
        }
    }

    private static void Compare(string step, JsonObject expected, JsonObject actual)
    {
        string Difference(string what) => $"{step}: another {what}\nexpected {expected.ToJsonString()}\nactual   {actual.ToJsonString()}";
        Assert.True((string)expected["code"]! == (string)actual["code"]!, Difference("code"));
        List<string> Reasons(JsonObject answer) => answer["reasons"]?.AsArray().Select(r => (string)r!).ToList() ?? [];
        Assert.True(Reasons(expected).SequenceEqual(Reasons(actual), StringComparer.Ordinal), Difference("reason"));
        if (expected["response"] is { } response)
            Assert.True(Placeholders.Matches(
                ToProtobufJson(response, new Dictionary<string, string>()), actual["response"], isUnordered: true), Difference("response"));
    }

    /// <summary>
    /// Converts to protobuf JSON. A recording writes a bytes field as <c>{"text": …}</c>, protobuf JSON writes it as base64. Placeholders
    /// of requests are filled in on the way.
    /// </summary>
    private static JsonNode? ToProtobufJson(JsonNode? node, IReadOnlyDictionary<string, string> bound) => node switch
    {
        JsonObject { Count: 1 } bytes when bytes["text"] is JsonValue text =>
            Convert.ToBase64String(Encoding.UTF8.GetBytes(Fill((string)text!, bound))),
        JsonObject fields => new JsonObject(fields.Select(f => KeyValuePair.Create(f.Key, ToProtobufJson(f.Value, bound)))),
        JsonArray items => new JsonArray([.. items.Select(i => ToProtobufJson(i, bound))]),
        JsonValue value when value.TryGetValue(out string? text) => Fill(text, bound),
        _ => node?.DeepClone(),
    };

    // Placeholders of answers (a UUID, an ETag of Azure) are kept, because they are matched as patterns.
    private static string Fill(string text, IReadOnlyDictionary<string, string> bound)
        => text.Contains("{{e", StringComparison.Ordinal) || text.Contains("{{v", StringComparison.Ordinal)
        || text.Contains("{{store}}", StringComparison.Ordinal)
            ? Placeholders.Fill(text, bound, isJson: false)
            : text;
}

using System.Globalization;
using System.IO.Compression;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Dapr.Voice.TestKit.Telemetry;

/// <summary>
/// The ingestion endpoint of Application Insights, as far as its exporter needs it: <c>POST /v2.1/track</c> with one JSON envelope per
/// line.
/// </summary>
public sealed class InsightsReceiver : TelemetryReceiver
{
    /// <summary>Telemetry for another key would show a fault in the exporter's configuration.</summary>
    private readonly Guid _key = Guid.NewGuid();

    private InsightsReceiver(Socket? listener) : base(HttpProtocols.Http1, listener) { }

    /// <summary>The value for APPLICATIONINSIGHTS_CONNECTION_STRING.</summary>
    public string ConnectionString => $"InstrumentationKey={_key};IngestionEndpoint={Address}/;LiveEndpoint={Address}/live/";

    public static async Task<InsightsReceiver> StartAsync(Socket? listener = null)
    {
        var receiver = new InsightsReceiver(listener);
        await receiver.ListenAsync();
        return receiver;
    }

    private protected override async Task<ReadOnlyMemory<byte>> HandleAsync(HttpContext context, ReadOnlyMemory<byte> body)
    {
        if (context.Request.Path != "/v2.1/track") throw new InvalidDataException($"not the ingestion: {context.Request.Path}");
        if (context.Request.Headers.ContentEncoding == "gzip")
        {
            using var plain = new MemoryStream();
            await using var packed = new GZipStream(new MemoryStream(body.ToArray()), CompressionMode.Decompress);
            await packed.CopyToAsync(plain, context.RequestAborted);
            body = plain.ToArray();
        }
        int count = 0;
        foreach (string line in Encoding.UTF8.GetString(body.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var envelope = JsonDocument.Parse(line);
            Add(envelope.RootElement);
            count++;
        }
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(
            string.Create(CultureInfo.InvariantCulture, $$"""{"itemsReceived":{{count}},"itemsAccepted":{{count}},"errors":[]}"""),
            context.RequestAborted);
        return body;
    }

    private void Add(JsonElement envelope)
    {
        if (envelope.GetProperty("iKey").GetGuid() != _key) throw new InvalidDataException("the key of another resource");
        JsonElement tags = envelope.GetProperty("tags"), data = envelope.GetProperty("data"), item = data.GetProperty("baseData");
        // The role is the namespace and the name of the service: "[dapr.voice]/relay".
        string service = Text(tags, "ai.cloud.role").Split('/')[^1];
        string trace = Text(tags, "ai.operation.id"), parent = Text(tags, "ai.operation.parentId");
        Dictionary<string, string> properties = item.TryGetProperty("properties", out JsonElement all)
            ? all.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.ToString(), StringComparer.Ordinal)
            : [];
        switch (data.GetProperty("baseType").GetString())
        {
            case "RequestData":
                AddSpan("server");
                break;
            case "RemoteDependencyData":
                AddSpan(Text(item, "type") switch { "InProc" => "internal",
                var type when type.Contains("Queue", StringComparison.Ordinal) => "producer", _ => "client" });
                break;
            case "MetricData":
                foreach (JsonElement metric in item.GetProperty("metrics").EnumerateArray())
                    ReceivedPoints.Enqueue(new(service, Text(metric, "name"), "", metric.GetProperty("value").GetDouble(), properties));
                break;
            // An event of a span arrives as a message whose parent is the span. Unlike a log line, it has no severity.
            case "MessageData" when !item.TryGetProperty("severityLevel", out _):
                ReceivedSpanEvents.Enqueue(new(service, Text(item, "message"), trace, parent));
                break;
            case "MessageData":
                ReceivedLogs.Enqueue(new(service, Text(item, "message"), trace, parent));
                break;
            case "ExceptionData":
                ReceivedLogs.Enqueue(new(service, item.GetProperty("exceptions").ToString(), trace, parent));
                break;
            case var type:
                throw new InvalidDataException($"telemetry of type {type}");
        }

        void AddSpan(string kind) => ReceivedSpans.Enqueue(new(
            service, Text(item, "name"), kind, trace, Text(item, "id"), parent == trace ? "" : parent,
            envelope.GetProperty("time").GetDateTimeOffset(),
            TimeSpan.Parse(Text(item, "duration"), CultureInfo.InvariantCulture),
            !(item.TryGetProperty("success", out JsonElement success) && success.GetBoolean()),
            properties, Links(properties)));
    }

    private static string[] Links(Dictionary<string, string> properties)
    {
        if (!properties.TryGetValue("_MS.links", out string? links)) return [];
        using var list = JsonDocument.Parse(links);
        return [.. list.RootElement.EnumerateArray().Select(link => Text(link, "operation_Id"))];
    }

    private static string Text(JsonElement owner, string name) => owner.TryGetProperty(name, out JsonElement value) ? value.ToString() : "";
}

using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Dapr.Voice.TestKit.Telemetry;

/// <summary>
/// A collector that speaks OTLP over gRPC or over HTTP and keeps what it receives. It reads the messages by the field numbers of
/// opentelemetry-proto 1.
/// </summary>
public sealed class OtlpReceiver : TelemetryReceiver
{
    private static readonly string[] Kinds = ["internal", "internal", "server", "client", "producer", "consumer"];

    private readonly bool _isGrpc;

    // This is gRPC without TLS: HTTP/2 from the first byte, as the agent of a platform offers it.
    private OtlpReceiver(bool isGrpc, Socket? listener) : base(isGrpc ? HttpProtocols.Http2 : HttpProtocols.Http1, listener)
        => _isGrpc = isGrpc;

    /// <summary>The value for OTEL_EXPORTER_OTLP_PROTOCOL.</summary>
    public string Protocol => _isGrpc ? "grpc" : "http/protobuf";

    public static async Task<OtlpReceiver> StartAsync(bool isGrpc, Socket? listener = null)
    {
        var receiver = new OtlpReceiver(isGrpc, listener);
        await receiver.ListenAsync();
        return receiver;
    }

    private protected override async Task<ReadOnlyMemory<byte>> HandleAsync(HttpContext context, ReadOnlyMemory<byte> body)
    {
        string? type = context.Request.ContentType;
        if (type != (_isGrpc ? "application/grpc" : "application/x-protobuf")) throw new InvalidDataException($"content type {type}");
        // A gRPC message begins with five bytes: 1 if it is compressed, and its length.
        if (_isGrpc)
        {
            if (body.Span[0] != 0 || BinaryPrimitives.ReadInt32BigEndian(body.Span[1..]) != body.Length - 5)
                throw new InvalidDataException("not one plain gRPC message");
            body = body[5..];
        }
        var request = new ProtobufMessage(body);
        switch (context.Request.Path.Value)
        {
            case "/v1/traces" or "/opentelemetry.proto.collector.trace.v1.TraceService/Export":
                Read(request, AddSpan);
                break;
            case "/v1/metrics" or "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export":
                Read(request, AddMetric);
                break;
            case "/v1/logs" or "/opentelemetry.proto.collector.logs.v1.LogsService/Export":
                Read(request, AddLog);
                break;
            default:
                throw new InvalidDataException($"no signal of OTLP: {context.Request.Path}");
        }
        if (!_isGrpc) return body;
        context.Response.ContentType = "application/grpc";
        // The answer is an empty message, and the status that gRPC sends in a trailer.
        await context.Response.Body.WriteAsync(new byte[5], context.RequestAborted);
        context.Response.AppendTrailer("grpc-status", "0");
        return body;
    }

    /// <summary>Reads a request. All three signals have the same shape: resources that hold scopes, which hold items.</summary>
    private static void Read(ProtobufMessage request, Action<string, ProtobufMessage> add)
    {
        foreach (ProtobufMessage resource in request.Messages(1))
        {
            string service = Attributes(resource.Message(1), 1).GetValueOrDefault("service.name", "");
            foreach (ProtobufMessage item in resource.Messages(2).SelectMany(scope => scope.Messages(2))) add(service, item);
        }
    }

    private void AddSpan(string service, ProtobufMessage span)
    {
        DateTimeOffset start = Time(span.Number(7));
        ReceivedSpans.Enqueue(new ReceivedSpan(
            service, span.Text(5), Kinds[(int)span.Number(6)], span.Hex(1), span.Hex(2), span.Hex(4), start, Time(span.Number(8)) - start,
            span.Message(15)?.Number(3) == 2, Attributes(span, 9), [.. span.Messages(13).Select(link => link.Hex(1))]));
        foreach (ProtobufMessage occurred in span.Messages(11))
            ReceivedSpanEvents.Enqueue(new(service, occurred.Text(2), span.Hex(1), span.Hex(2)));
    }

    private void AddMetric(string service, ProtobufMessage metric)
    {
        foreach (ProtobufMessage point in new[] { 5, 7 }.SelectMany(metric.Messages).SelectMany(data => data.Messages(1)))
            Add(point.Has(4) ? point.Double(4) : (long)point.Number(6), Attributes(point, 7));
        foreach (ProtobufMessage point in metric.Messages(9).SelectMany(data => data.Messages(1)))
            Add(point.Double(5), Attributes(point, 9));

        void Add(double value, IReadOnlyDictionary<string, string> attributes)
            => ReceivedPoints.Enqueue(new(service, metric.Text(1), metric.Text(3), value, attributes));
    }

    private void AddLog(string service, ProtobufMessage log)
        => ReceivedLogs.Enqueue(new(service, Value(log.Message(5)), log.Hex(9), log.Hex(10)));

    private static DateTimeOffset Time(ulong nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks((long)(nanoseconds / 100));

    private static Dictionary<string, string> Attributes(ProtobufMessage? owner, int number)
        => owner is null ? [] : owner.Messages(number).ToDictionary(
        pair => pair.Text(1), pair => Value(pair.Message(2)), StringComparer.Ordinal);

    private static string Value(ProtobufMessage? value) => value switch
    {
        null => "",
        _ when value.Has(2) => value.Number(2) != 0 ? "true" : "false",
        _ when value.Has(3) => ((long)value.Number(3)).ToString(CultureInfo.InvariantCulture),
        _ when value.Has(4) => value.Double(4).ToString(CultureInfo.InvariantCulture),
        _ when value.Has(5) => string.Join(',', value.Message(5)!.Messages(1).Select(Value)),
        _ => value.Text(1),
    };
}

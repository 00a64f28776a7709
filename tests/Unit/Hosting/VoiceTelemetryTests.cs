using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Text;
using Dapr.Voice.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Hosting;

/// <summary>What leaves the process, seen by a collector of our own: both protocols of OTLP. Container Apps' own agent, which speaks gRPC, was not there.</summary>
public sealed class VoiceTelemetryTests
{
    [Fact]
    public void Start_WithoutACollector_ExportsNothing()
    {
        using VoiceTelemetry telemetry = VoiceTelemetry.Start("relay", "here", new ConfigurationBuilder().Build());
        Assert.False(telemetry.IsExporting);
    }

    [Theory]
    [InlineData("http/protobuf", "/v1/metrics", "/v1/traces", "application/x-protobuf")]
    [InlineData("grpc", "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", "/opentelemetry.proto.collector.trace.v1.TraceService/Export", "application/grpc")]
    [InlineData(null, "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", "/opentelemetry.proto.collector.trace.v1.TraceService/Export", "application/grpc")]
    public async Task Dispose_WithACollector_HasSentMetricsAndTracesWithRegionShardAndReplica(string? protocol, string metricsPath, string tracesPath, string contentType)
    {
        var received = new ConcurrentDictionary<string, (string? Type, string Body)>(StringComparer.Ordinal);
        await using WebApplication collector = await CollectAsync(received, isGrpc: protocol != "http/protobuf");
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Urls.First(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol,
            ["Fleet:Region"] = "swedencentral",
            ["Transceiver:Shard"] = "3",
            ["CONTAINER_APP_REPLICA_NAME"] = "transceiver-03--abc-xyz",
            ["CONTAINER_APP_REVISION"] = "transceiver-03--abc",
        }).Build();

        using (Meter meter = VoiceTelemetry.CreateMeter("transceiver"))
        using (var source = VoiceTelemetry.CreateActivitySource("transceiver"))
        using (VoiceTelemetry telemetry = VoiceTelemetry.Start("transceiver-03", "a-host", configuration))
        {
            Assert.True(telemetry.IsExporting);
            meter.CreateCounter<long>("voice.transceiver.test", "{packet}").Add(7);
            source.StartActivity("takeover")?.Dispose();
        }

        foreach ((string path, string name) in new[] { (metricsPath, "voice.transceiver.test"), (tracesPath, "takeover") })
        {
            Assert.True(received.ContainsKey(path), $"{path} is not among {string.Join(' ', received.Keys)}");
            (string? type, string body) = received[path];
            Assert.Equal(contentType, type);
            // Protobuf carries text as it is.
            foreach (string text in new[] { name, "service.name", "transceiver-03", "voice.region", "swedencentral", "voice.shard", "service.instance.id", "transceiver-03--abc-xyz", "deployment.revision" })
                Assert.Contains(text, body, StringComparison.Ordinal);
            Assert.DoesNotContain("a-host", body, StringComparison.Ordinal);
        }
    }

    private static async Task<WebApplication> CollectAsync(ConcurrentDictionary<string, (string? Type, string Body)> received, bool isGrpc)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        // A platform's agent offers gRPC without TLS: HTTP/2 from the first byte.
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = isGrpc ? HttpProtocols.Http2 : HttpProtocols.Http1));
        WebApplication collector = builder.Build();
        collector.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            received[context.Request.Path] = (context.Request.ContentType, Encoding.Latin1.GetString(body.ToArray()));
            if (!isGrpc) return;
            context.Response.ContentType = "application/grpc";
            // An empty message, and the status that gRPC keeps in a trailer.
            await context.Response.Body.WriteAsync(new byte[5], context.RequestAborted);
            context.Response.AppendTrailer("grpc-status", "0");
        });
        await collector.StartAsync(CancellationToken.None);
        return collector;
    }
}

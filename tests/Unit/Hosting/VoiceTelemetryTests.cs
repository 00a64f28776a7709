using System.Diagnostics;
using System.Diagnostics.Metrics;
using Dapr.Voice.Hosting;
using Dapr.Voice.TestKit.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Hosting;

/// <summary>What leaves the process, seen by receivers of our own.</summary>
public sealed class VoiceTelemetryTests
{
    [Fact]
    public void AddVoiceTelemetry_WithoutAReceiver_ListensToNothing()
    {
        WebApplicationBuilder builder = Builder([]);
        builder.AddVoiceTelemetry("relay", "here");
        Assert.DoesNotContain(builder.Services, service => service.ServiceType == typeof(TracerProvider));
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:9")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector")]
    [InlineData("APPLICATIONINSIGHTS_CONNECTION_STRING", "IngestionEndpoint=https://here.example.com/")]
    [InlineData("APPLICATIONINSIGHTS_CONNECTION_STRING", "InstrumentationKey=hunter2")]
    [InlineData("OTEL_TRACES_SAMPLER_ARG", "1.5")]
    public async Task Start_MalformedSetting_NamesItAndNotItsValue(string name, string value)
    {
        WebApplicationBuilder builder = Builder(new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:9", [name] = value });
        SettingsException refused = await Assert.ThrowsAsync<SettingsException>(async () =>
        {
            builder.AddVoiceTelemetry("relay", "here");
            await using WebApplication app = builder.Build();
            await app.StartAsync(CancellationToken.None);
        });
        Assert.Contains(name, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(value, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stop_WithACollector_HasSentEverySignalWithRegionShardAndReplica(bool isGrpc)
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync(isGrpc);
        await RunAsync(new()
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.Address,
            // gRPC is the default, as the managed agent of Container Apps wants it.
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = isGrpc ? null : receiver.Protocol,
        });
        AssertHasAll(receiver);
        ReceivedPoint point = receiver.Points.First(p => p.Name == "voice.transceiver.test");
        Assert.Equal("{packet}", point.Unit);
        foreach (string text in new[] { "voice.region", "swedencentral", "voice.shard", "service.instance.id", "transceiver-03--abc-xyz",
            "deployment.revision" })
            Assert.True(
                receiver.Bodies.All(body => System.Text.Encoding.Latin1.GetString(body.Span).Contains(text, StringComparison.Ordinal)),
                text);
    }

    [Fact]
    public async Task Stop_WithApplicationInsights_HasSentEverySignal()
    {
        await using InsightsReceiver receiver = await InsightsReceiver.StartAsync();
        await RunAsync(new() { ["APPLICATIONINSIGHTS_CONNECTION_STRING"] = receiver.ConnectionString });
        AssertHasAll(receiver);
    }

    [Fact]
    public async Task Stop_WithBoth_HasSentTheSameToBoth()
    {
        await using OtlpReceiver collector = await OtlpReceiver.StartAsync(isGrpc: true);
        await using InsightsReceiver insights = await InsightsReceiver.StartAsync();
        await RunAsync(
            new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address,
            ["APPLICATIONINSIGHTS_CONNECTION_STRING"] = insights.ConnectionString });
        AssertHasAll(collector);
        AssertHasAll(insights);
        string trace = collector.Spans.Single(s => s.Name == "takeover").TraceId;
        Assert.Equal(SpansOf(collector), SpansOf(insights));

        IEnumerable<string> SpansOf(TelemetryReceiver receiver)
            => receiver.Spans.Where(s => s.TraceId == trace).Select(s => s.SpanId).Order();
    }

    /// <summary>A host with a name and a class of telemetry each, of a process that calls itself and is probed.</summary>
    private static async Task RunAsync(Dictionary<string, string?> settings)
    {
        settings["Fleet:Region"] = "swedencentral";
        settings["Transceiver:Shard"] = "3";
        settings["CONTAINER_APP_REPLICA_NAME"] = "transceiver-03--abc-xyz";
        settings["CONTAINER_APP_REVISION"] = "transceiver-03--abc";
        // Its statistics about itself would go to Microsoft.
        settings["APPLICATIONINSIGHTS_STATSBEAT_DISABLED"] = "true";
        WebApplicationBuilder builder = Builder(settings);
        builder.AddVoiceTelemetry("transceiver-03", "a-host");
        await using WebApplication app = builder.Build();
        using Meter meter = VoiceTelemetry.CreateMeter("Transceiver");
        using ActivitySource source = VoiceTelemetry.CreateActivitySource("Transceiver");
        app.MapGet("/work", () => "done");
        app.MapGet("/readyz", () => "ready");
        await app.StartAsync(CancellationToken.None);

        meter.CreateCounter<long>("voice.transceiver.test", "{packet}").Add(7);
        app.Logger.LogInformation("A line outside of a span");
        using (var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) })
        {
            (await http.GetAsync("/readyz", CancellationToken.None)).EnsureSuccessStatusCode();
            using (Activity? takeover = source.StartActivity("takeover"))
            {
                takeover!.AddEvent(new ActivityEvent("found"));
                app.Logger.LogInformation("A line of a span");
                (await http.GetAsync("/work", CancellationToken.None)).EnsureSuccessStatusCode();
            }
            source.StartActivity("renewal", ActivityKind.Client)?.Dispose();
        }
        // Without a limit, unlike the stop: the first export of a process compiles its code.
        app.Services.GetRequiredService<TracerProvider>().ForceFlush();
        app.Services.GetRequiredService<MeterProvider>().ForceFlush();
        app.Services.GetRequiredService<LoggerProvider>().ForceFlush();
        await app.StopAsync(CancellationToken.None);
    }

    private static void AssertHasAll(TelemetryReceiver receiver)
    {
        ReceivedSpan takeover = Assert.Single(receiver.Spans, s => s.Name == "takeover");
        Assert.Equal(("transceiver-03", ""), (takeover.Service, takeover.ParentSpanId));
        Assert.Equal(takeover.SpanId, Assert.Single(receiver.SpanEvents, e => e.Name == "found").SpanId);
        // Its call, and the same call as it was served: one trace of three spans.
        ReceivedSpan call = Assert.Single(receiver.Spans, s => s.ParentSpanId == takeover.SpanId);
        ReceivedSpan served = Assert.Single(receiver.Spans, s => s.ParentSpanId == call.SpanId);
        Assert.Equal(("client", "server"), (call.Kind, served.Kind));
        Assert.Equal(3, receiver.Spans.Count(s => s.TraceId == takeover.TraceId));
        // Neither the probe nor the call that nobody asked for. The receiver, which runs in this process, leaves spans of its own.
        Assert.DoesNotContain(receiver.Spans, s => s.Name == "renewal" || s.Name.Contains("readyz", StringComparison.Ordinal));

        Assert.Equal(7, receiver.Points.Where(p => p.Name == "voice.transceiver.test").Max(p => p.Value));
        Assert.Equal(takeover.SpanId, Assert.Single(receiver.Logs, l => l.Text == "A line of a span").SpanId);
        Assert.Equal("", Assert.Single(receiver.Logs, l => l.Text == "A line outside of a span").SpanId);
    }

    private static WebApplicationBuilder Builder(Dictionary<string, string?> settings)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Logging.ClearProviders();
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        return builder;
    }
}

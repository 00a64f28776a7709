using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dapr.Voice.TestKit.Speech;
using Dapr.Voice.TestKit.Telemetry;
using Dapr.Voice.Tests.Integration.DaprContract;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>
/// A whole system that exports to a test collector and to a test endpoint of Application Insights. They receive what docs/telemetry.md
/// says.
/// </summary>
[Collection(WholeSystemCollection.Name)]
public sealed partial class TelemetryTests(ITestOutputHelper output)
{
    private static readonly string[] SetupSteps = ["ice_connected", "dtls_connected", "channel_open", "first_audio"];
    private static readonly string[] Services = ["relay", "signaling", "transceiver-00"];

    private readonly TelemetryPage _page = TelemetryPage.Read();

    [SpeechFact]
    public async Task Call_WithBothReceivers_SendsWhatThePageSaysAndNoSecret()
    {
        await using var voice = new VoiceSystem();
        await using OtlpReceiver collector = await OtlpReceiver.StartAsync(
            isGrpc: true, voice.NewSocket(SocketType.Stream, ProtocolType.Tcp));
        await using InsightsReceiver insights = await InsightsReceiver.StartAsync(voice.NewSocket(SocketType.Stream, ProtocolType.Tcp));
        TelemetryReceiver[] receivers = [collector, insights];
        voice.Variables =
        [
            $"OTEL_EXPORTER_OTLP_ENDPOINT={collector.Address}", "OTEL_METRIC_EXPORT_INTERVAL=1000", "OTEL_BSP_SCHEDULE_DELAY=500",
            $"APPLICATIONINSIGHTS_CONNECTION_STRING={insights.ConnectionString}", "APPLICATIONINSIGHTS_STATSBEAT_DISABLED=true",
        ];
        await voice.UpAsync("--transceivers", "1");

        List<string> secrets = [.. voice.Secrets(), voice.ApiKey];
        secrets.AddRange(await CallWithoutMediaAsync(voice));
        JsonObject call = (await voice.CallAsync("--agent", "local")).Succeeded().Json;
        JsonNode turn = call["turns"]!.AsArray()[0]!;
        secrets.AddRange([(string)turn["said"]!, (string)turn["heard"]!]);

        foreach (TelemetryReceiver receiver in receivers)
        {
            // The last span is the end of the call with media. Metrics are sent each second, and once more at the end.
            await Wait.UntilAsync(
                () => Task.FromResult(TraceOfCall(receiver) is { } trace
                && SpansOf(receiver, trace, "voice.transceiver.session_report") == 2), "the call's end was reported");
        }
        (await voice.RunAsync("down")).Succeeded();

        foreach (TelemetryReceiver receiver in receivers)
        {
            string name = receiver.GetType().Name;
            output.WriteLine(
                $"{name}: {receiver.Spans.Count} spans, {receiver.Points.Count} points of "
                + $"{receiver.Points.Select(p => p.Name).Distinct().Count()} metrics, {receiver.Logs.Count} log lines, "
                + $"{receiver.Bodies.Sum(b => b.Length)} bytes");
            AssertMetrics(receiver);
            AssertSpans(receiver);
            AssertOneTrace(receiver);
            Assert.Contains(receiver.Logs, l => l.Service == "signaling" && l.TraceId == TraceOfCall(receiver));
            foreach (string text in receiver.Bodies.Select(body => Encoding.UTF8.GetString(body.Span)))
                Assert.All(
                    secrets, secret => Assert.False(
                    text.Contains(secret, StringComparison.OrdinalIgnoreCase), $"{name} was sent '{secret}'"));
        }
    }

    /// <summary>Makes a session with an ephemeral key, ends it, and asks for a session that is rejected.</summary>
    /// <returns>The secrets that it used.</returns>
    private static async Task<IEnumerable<string>> CallWithoutMediaAsync(VoiceSystem voice)
    {
        using HttpClient client = voice.NewApiClient();
        using HttpResponseMessage key = await client.PostAsync(
            "/v1/realtime/client_secrets", new StringContent("{}", Encoding.UTF8, "application/json"));
        string secret = (string)JsonNode.Parse(await key.Content.ReadAsStringAsync())!["value"]!;
        using HttpResponseMessage refused = await client.PostAsync("/v1/realtime/calls", Offers.Content("no offer at all"));
        Assert.False(refused.IsSuccessStatusCode);

        string offer = Offers.Create();
        using HttpResponseMessage created = await client.PostAsync("/v1/realtime/calls", Offers.Content(offer));
        string answer = (await created.Content.ReadAsStringAsync()).ReplaceLineEndings("\n");
        using HttpResponseMessage ended = await client.DeleteAsync(created.Headers.Location);
        Assert.True(ended.IsSuccessStatusCode);
        return [secret, "a=ice-", "a=candidate", .. Protected().Matches(offer + "\n" + answer).Select(m => m.Groups[1].Value.Trim())];
    }

    private void AssertMetrics(TelemetryReceiver receiver)
    {
        string[] ours = [.. receiver.Points.Select(p => p.Name).Where(n => n.StartsWith("voice.", StringComparison.Ordinal)).Distinct()];
        Assert.Empty(ours.Except(_page.Metrics.Select(m => m.Name)));
        Assert.Empty(_page.Metrics.Where(m => m.Arrives != "on cause").Select(m => m.Name).Except(ours));
        foreach (DocumentedMetric metric in _page.Metrics)
        {
            ReceivedPoint[] points = [.. receiver.Points.Where(p => p.Name == metric.Name)];
            Assert.All(points, p => Assert.Empty(p.Attributes.Keys.Except([.. metric.Tags, "_MS.MetricId"])));
            Assert.All(points, p => Assert.Contains(p.Unit, (string[])[metric.Unit, ""]));
        }
        Assert.Empty(Services.Except(receiver.Points.Select(p => p.Service)));
        // The page lists these metrics of others.
        Assert.All(receiver.Points.Select(p => p.Name).Except(ours).Distinct(),
            n => Assert.Matches("^(http\\.(server|client)\\.|dotnet\\.|requests/duration$|dependencies/duration$|_)", n));
    }

    private void AssertSpans(TelemetryReceiver receiver)
    {
        Assert.All(_page.Spans, documented => Assert.Contains(receiver.Spans, span => documented.IsNameOf(span.Name)));
        foreach (ReceivedSpan span in receiver.Spans)
        {
            // The framework names its spans by method and route.
            if (Request().IsMatch(span.Name)) continue;
            DocumentedSpan documented = Assert.Single(_page.Spans, s => s.IsNameOf(span.Name));
            Assert.StartsWith(documented.Service, span.Service, StringComparison.Ordinal);
            Assert.Empty(span.Attributes.Keys.Where(k => !k.StartsWith("_MS.", StringComparison.Ordinal)).Except(documented.Attributes));
        }
    }

    /// <summary>Asserts that one trace goes from the POST to the first audio and has a span of every service that took part.</summary>
    private void AssertOneTrace(TelemetryReceiver receiver)
    {
        string trace = TraceOfCall(receiver)!;
        ReceivedSpan[] spans = [.. receiver.Spans.Where(s => s.TraceId == trace).OrderBy(s => s.Start)];
        foreach (ReceivedSpan span in spans)
            output.WriteLine(
                $"  {span.Start:ss.fff} {span.Duration.TotalMilliseconds,8:0.0} ms  {span.Service,-15} {span.Kind,-8} {span.Name}");
        ReceivedSpan root = Assert.Single(spans, s => s.ParentSpanId.Length == 0);
        Assert.Equal(("POST /v1/realtime/calls", "server", "signaling"), (root.Name, root.Kind, root.Service));
        ReceivedSpan answer = Assert.Single(spans, s => s.Name == "voice.signaling.offer_answer");
        Assert.Equal(root.SpanId, answer.ParentSpanId);
        // The answer waits for the write of the record, and does not wait for the push to the owner. Both are calls to the sidecar.
        Assert.Contains(spans, s => s.ParentSpanId == answer.SpanId
            && s is { Kind: "client", Service: "signaling", Name: "sidecar state.create" });
        ReceivedSpan push = Assert.Single(spans, s => s.Name == "voice.signaling.owner_push");
        Assert.Contains(spans, s => s.ParentSpanId == push.SpanId && s is { Kind: "client", Service: "signaling", Name: "sidecar invoke" });
        Assert.Contains(spans, s => s is { Kind: "server", Service: "transceiver-00" }
            && s.Name.StartsWith("POST /internal/v1/sessions", StringComparison.Ordinal));
        ReceivedSpan setup = Assert.Single(spans, s => s.Name == "voice.transceiver.session_setup");
        Assert.Equal((answer.SpanId, "transceiver-00", false), (setup.ParentSpanId, setup.Service, setup.IsError));
        Assert.Equal(SetupSteps.Order(), receiver.SpanEvents.Where(e => e.SpanId == setup.SpanId).Select(e => e.Name).Order());
        Assert.Contains(spans, s => s.Name == "voice.transceiver.agent_connection");
        Assert.Equal(["connected", "ended"], spans.Where(s => s.Name == "voice.transceiver.session_report")
            .Select(s => s.Attributes["voice.session_state"]));
        Assert.Equal(3, spans.Count(s => s.Name is "voice.signaling.event_publish" or "voice.transceiver.session_report"));
        // The trace of the call that was ended on request is linked from the trace of that request.
        Assert.Contains(receiver.Spans, s => s.Name.StartsWith("DELETE /v1/realtime/calls", StringComparison.Ordinal) && s.Links.Count == 1
            && s.Links[0] != s.TraceId);
    }

    /// <summary>The trace of the call with the local agent. <c>up</c> makes a call, too, with another agent.</summary>
    private static string? TraceOfCall(TelemetryReceiver receiver)
        => receiver.Spans.FirstOrDefault(
        s => s.Name == "voice.transceiver.session_setup" && s.Attributes["voice.agent"] == "local" && !s.IsError)?.TraceId;

    private static int SpansOf(TelemetryReceiver receiver, string trace, string name)
        => receiver.Spans.Count(s => s.TraceId == trace && s.Name == name);

    [GeneratedRegex("^(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH)( /[^ ]*)?$")]
    private static partial Regex Request();

    [GeneratedRegex("^a=(?:ice-pwd:|fingerprint:sha-256 )(.*)$", RegexOptions.Multiline)]
    private static partial Regex Protected();
}

using System.Diagnostics.Metrics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Dapr.Voice.Relay;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Signaling;
using Dapr.Voice.TestKit.Telemetry;
using Dapr.Voice.Transceiver;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Docs;

/// <summary>docs/telemetry.md against the instruments and spans in the code, and the dashboards against docs/telemetry.md.</summary>
public sealed partial class TelemetryPageTests
{
    private static readonly TelemetryPage Page = TelemetryPage.Read();

    [Fact]
    public void Metrics_OfThePage_AreTheInstrumentsOfTheCode()
    {
        var instruments = new HashSet<string>(StringComparer.Ordinal);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            // Those of other tests have names of their own.
            if (!instrument.Meter.Name.StartsWith("Dapr.Voice.", StringComparison.Ordinal)
                || instrument.Name.EndsWith(".test", StringComparison.Ordinal)) return;
            string type = instrument.GetType().Name.Split('`')[0] switch { "Counter" or "ObservableCounter" => "counter",
            "Histogram" => "histogram", _ => "gauge" };
            lock (instruments) instruments.Add($"{instrument.Name} {type} {instrument.Unit}");
        };
        listener.Start();
        using var relay = new RelayMetrics();
        using var signaling = new SignalingMetrics();
        using var transceiver = new TransceiverMetrics(null!, new TransceiverOptions());
        foreach (Type type in new[] { typeof(TransceiverMetrics), typeof(ISidecarHealth) }.SelectMany(t => t.Assembly.GetTypes()))
        {
            bool hasMetrics = type.GetFields(BindingFlags.Static | BindingFlags.NonPublic).Any(f => f.FieldType == typeof(Meter));
            if (hasMetrics) RuntimeHelpers.RunClassConstructor(type.TypeHandle);
        }
        Assert.Equal(Page.Metrics.Select(m => $"{m.Name} {m.Type} {m.Unit}").Order(StringComparer.Ordinal),
            instruments.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Spans_OfThePage_AreThoseThatTheCodeStarts()
    {
        var started = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string folder in new[] { "libs", "services" })
        {
            foreach (string file in Directory.EnumerateFiles(TelemetryPage.PathOf(folder), "*.cs", SearchOption.AllDirectories))
            {
                if (file.Contains("/obj/", StringComparison.Ordinal)) continue;
                foreach (Match found in StartOfSpan().Matches(File.ReadAllText(file))) started.Add(found.Groups[1].Value);
            }
        }
        Assert.Equal(Page.Spans.Where(s => s.Service.Length > 0).Select(s => s.Name).Order(StringComparer.Ordinal), started);
    }

    [Fact]
    public void Names_OfMetrics_AreOfOneGrammar()
    {
        Assert.All(Page.Metrics, metric =>
        {
            Assert.Matches("^voice\\.(relay|signaling|transceiver|sidecar)(\\.[a-z]+)?\\.[a-z_]+$", metric.Name);
            Assert.Contains(metric.Arrives, (string[])["always", "calls", "on cause"]);
            Assert.Equal(metric.Type == "histogram", metric.Name.EndsWith(".duration", StringComparison.Ordinal));
            if (metric.Type == "counter") Assert.EndsWith("s", metric.Name, StringComparison.Ordinal);
        });
        Assert.Equal(Page.Metrics.Count, Page.Metrics.Select(m => m.Name).Distinct().Count());
    }

    [Fact]
    public void Workbook_Queries_NameMetricsOfThePage()
        => AssertNames("infra/bicep/modules/workbook.json", DottedName(),
        Page.Metrics.Select(m => m.Name).Concat(Page.Spans.Select(s => s.Name)));

    [Fact]
    public void Grafana_Queries_NameMetricsOfThePage()
        => AssertNames("docs/grafana/voice.json", PrometheusName(), Page.Metrics.SelectMany(m => m.PrometheusNames));

    private static void AssertNames(string file, Regex name, IEnumerable<string> known)
    {
        string[] named = [.. name.Matches(File.ReadAllText(TelemetryPage.PathOf(file))).Select(m => m.Value).Distinct()];
        Assert.Empty(named.Except(known));
        // The health of a fleet: all of it is there.
        foreach (string thing in (string[])["sessions", "setup", "lateness", "relay.packets", "drops", "sidecar"])
            Assert.Contains(named, n => n.Replace('_', '.').Contains(thing, StringComparison.Ordinal));
    }

    [GeneratedRegex("Start(?:Activity)?\\(\\s*\"(voice\\.[a-z_.]+)\"")]
    private static partial Regex StartOfSpan();

    [GeneratedRegex("\\bvoice\\.(?:relay|signaling|transceiver|sidecar)\\.[a-z_.]+")]
    private static partial Regex DottedName();

    [GeneratedRegex("\\bvoice_(?:relay|signaling|transceiver|sidecar)_[a-z_]+")]
    private static partial Regex PrometheusName();
}

using System.Runtime.CompilerServices;

namespace Dapr.Voice.TestKit.Telemetry;

/// <summary>A row of a table of metrics in docs/telemetry.md.</summary>
/// <param name="Arrives">When the metric arrives: always, calls, or on cause.</param>
public sealed record DocumentedMetric(string Name, string Type, string Unit, IReadOnlyList<string> Tags, string Arrives)
{
    /// <summary>The names that a Prometheus exporter makes of the metric.</summary>
    public IEnumerable<string> PrometheusNames
    {
        get
        {
            string name = Name.Replace('.', '_') + Unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" };
            return Type switch
            {
                "counter" => [name + "_total"],
                "histogram" => [name + "_bucket", name + "_sum", name + "_count"],
                _ => [name],
            };
        }
    }
}

/// <summary>A row of the table of spans in docs/telemetry.md.</summary>
public sealed record DocumentedSpan(string Name, IReadOnlyList<string> Attributes)
{
    /// <summary>The service in the span's name, or an empty string for calls to the sidecar, which every service makes.</summary>
    public string Service => Name.Contains('.', StringComparison.Ordinal) ? Name.Split('.')[1] : "";

    public bool IsNameOf(string span) => Service.Length == 0 ? span.StartsWith("sidecar ", StringComparison.Ordinal) : span == Name;
}

/// <summary>The tables of docs/telemetry.md as data.</summary>
public sealed class TelemetryPage
{
    private const string SidecarRow = "| `sidecar OPERATION`";

    private TelemetryPage(IReadOnlyList<DocumentedMetric> metrics, IReadOnlyList<DocumentedSpan> spans)
        => (Metrics, Spans) = (metrics, spans);

    public IReadOnlyList<DocumentedMetric> Metrics { get; }

    public IReadOnlyList<DocumentedSpan> Spans { get; }

    /// <summary>The path of a file of the repository.</summary>
    public static string PathOf(string name, [CallerFilePath] string path = "")
        => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", "..", name));

    public static TelemetryPage Read()
    {
        List<DocumentedMetric> metrics = [];
        List<DocumentedSpan> spans = [];
        bool isSpans = false;
        foreach (string line in File.ReadLines(PathOf("docs/telemetry.md")))
        {
            if (line.StartsWith("| span |", StringComparison.Ordinal)) isSpans = true;
            if (!line.StartsWith("| `voice.", StringComparison.Ordinal) && !line.StartsWith(SidecarRow, StringComparison.Ordinal)) continue;
            string[] cells = [.. line.Trim('|').Split('|').Select(cell => cell.Trim())];
            if (isSpans) spans.Add(new DocumentedSpan(Words(cells[0]).Single(), Words(cells[1])));
            else metrics.Add(new DocumentedMetric(Words(cells[0]).Single(), cells[1], Words(cells[2]).Single(), Words(cells[3]), cells[4]));
        }
        return new TelemetryPage(metrics, spans);
    }

    private static string[] Words(string cell)
        => [.. cell.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(word => word.Trim().Trim('`'))];
}

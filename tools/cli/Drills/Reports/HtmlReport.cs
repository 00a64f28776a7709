using System.Globalization;
using System.Net;
using System.Text;
using Dapr.Voice.Cli.Drills.Measures;

namespace Dapr.Voice.Cli.Drills.Reports;

/// <summary>
/// The outcome of drills as one page without a network: a table, and for each drill a picture in which every call has two lines, the
/// agent's voice above and the caller's below. A break in a line is a silence, and a colour is an owner.
/// </summary>
internal static class HtmlReport
{
    private const double Width = 1100, Left = 70, Row = 14, Line = 4, Top = 24, Bottom = 26;

    // These are told apart with any colour vision (the palette of Okabe and Ito).
    private static readonly string[] Colours = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"];
    private const string UnknownOwner = "#777777";

    public static string Of(IReadOnlyList<DrillReport> reports)
    {
        var html = new StringBuilder();
        html.Append("""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <title>Drills</title>
            <style>
            body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 1150px; padding: 0 1em }
            body { color: #222; background: #fff }
            table { border-collapse: collapse; margin: 1em 0 } td, th { border: 1px solid #bbb; padding: 3px 9px; text-align: left }
            .passed { color: #006b4f; font-weight: 600 } .failed { color: #b02a00; font-weight: 600 } svg { width: 100%; height: auto }
            svg text { font: 10px system-ui, sans-serif; fill: #444 }
            </style>
            </head>
            <body>
            <h1>Drills</h1>
            <table>
            <tr><th>drill</th><th>what happens</th><th>result</th><th>calls lost</th><th>detection</th><th>recovery</th>
            <th>gap up (p50 / p99 / max)</th><th>gap down</th></tr>

            """);
        foreach (DrillReport report in reports)
        {
            Findings? found = report.Findings;
            html.Append(CultureInfo.InvariantCulture,
                $"<tr><td><a href=\"#{Text(report.Drill)}\">{Text(report.Drill)}</a></td><td>{Text(report.Title)}</td>"
                + $"<td class=\"{(report.Passed ? "passed" : "failed")}\">{report.Verdict}</td>"
                + $"<td>{(found is null ? "" : $"{found.Lost} of {found.Calls}")}</td><td>{Milliseconds(found?.DetectionMs)}</td>"
                + $"<td>{Milliseconds(found?.RecoveryMs)}</td><td>{MarkdownReport.Gap(found?.GapUp)}</td>"
                + $"<td>{MarkdownReport.Gap(found?.GapDown)}</td></tr>\n");
        }
        html.Append("</table>\n");
        foreach (DrillReport report in reports) Append(html, report);
        html.Append("</body>\n</html>\n");
        return html.ToString();
    }

    private static void Append(StringBuilder html, DrillReport report)
    {
        html.Append(CultureInfo.InvariantCulture,
            $"<h2 id=\"{Text(report.Drill)}\">{Text(report.Drill)}: "
            + $"<span class=\"{(report.Passed ? "passed" : "failed")}\">{report.Verdict}</span></h2>\n"
            + $"<p>{Text(report.Title)}. Started {report.StartedAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC.</p>\n");
        foreach (string? problem in new[] { report.Error, report.Skipped }.Where(p => p is not null))
            html.Append(CultureInfo.InvariantCulture, $"<p class=\"failed\">{Text(problem!)}</p>\n");
        if (report.Findings is not { } found) return;
        html.Append(Picture(report, found));
        html.Append("<table>\n<tr><th>figure</th><th>measured</th><th>at most</th><th>source</th><th></th></tr>\n");
        foreach (Judgement judged in report.Judgements)
            html.Append(CultureInfo.InvariantCulture,
                $"<tr><td>{Text(judged.Figure)}</td><td>{(judged.Measured is { } value ? $"{value:0.#}" : "not measured")}</td>"
                + $"<td>{judged.Limit:0.#}</td><td>{Text(judged.Source)}</td>"
                + $"<td class=\"{(judged.IsMet ? "passed" : "failed")}\">{(judged.IsMet ? "met" : "missed")}</td></tr>\n");
        html.Append("</table>\n<ul>\n");
        foreach (string owner in found.Owners) html.Append(CultureInfo.InvariantCulture, $"<li>{Text(owner)}</li>\n");
        foreach (string touched in found.TouchedBy)
            html.Append(CultureInfo.InvariantCulture, $"<li>called during recovery: {Text(touched)}</li>\n");
        foreach (Violation violation in found.Violations.Take(20))
            html.Append(CultureInfo.InvariantCulture,
                $"<li class=\"failed\">{Text(violation.Rule)}, call {violation.Call}: {Text(violation.What)}</li>\n");
        html.Append("</ul>\n");
    }

    /// <summary>The timeline of one drill as inline SVG.</summary>
    internal static string Picture(DrillReport report, Findings found)
    {
        int[] calls = [.. report.Stretches.Select(s => s.Call).Distinct().Order()];
        string?[] owners = [.. report.Stretches.Select(s => s.Owner).Where(o => o is not null).Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)];
        double height = Top + calls.Length * Row + Bottom;
        double scale = (Width - Left - 10) / Math.Max(1, report.Until - report.From);
        double X(double t) => Left + (Math.Clamp(t, report.From, report.Until) - report.From) * scale;
        string Colour(string? owner) => owner is null ? UnknownOwner : Colours[Array.IndexOf(owners, owner) % Colours.Length];
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture,
            $"<svg viewBox=\"0 0 {Width:0} {height:0}\" role=\"img\" aria-label=\"When each call was heard in {Text(report.Drill)}\">\n");
        for (int i = 0; i < calls.Length; i++)
            svg.Append(CultureInfo.InvariantCulture,
                $"<text x=\"4\" y=\"{Top + i * Row + 9:0.#}\">{(calls[i] < 0 ? "page" : $"call {calls[i]}")}</text>\n");
        foreach (Stretch stretch in report.Stretches)
        {
            if (stretch.Until < report.From || stretch.From > report.Until) continue;
            double y = Top + Array.IndexOf(calls, stretch.Call) * Row + (stretch.IsUp ? Line + 2 : 0) + 1;
            svg.Append(CultureInfo.InvariantCulture,
                $"<rect x=\"{X(stretch.From):0.##}\" y=\"{y:0.#}\" width=\"{Math.Max(0.5, X(stretch.Until) - X(stretch.From)):0.##}\" "
                + $"height=\"{Line:0}\" fill=\"{Colour(stretch.Owner)}\"><title>{(stretch.IsUp ? "caller" : "agent")} heard from "
                + $"{stretch.From / 1000:0.00} s to {stretch.Until / 1000:0.00} s, {Text(stretch.Owner ?? "owner not known")}</title>"
                + $"</rect>\n");
        }
        int mark = 0;
        foreach (Moment moment in found.Timeline)
        {
            svg.Append(CultureInfo.InvariantCulture,
                $"<line x1=\"{X(moment.T):0.##}\" x2=\"{X(moment.T):0.##}\" y1=\"12\" y2=\"{height - Bottom:0}\" stroke=\"#b02a00\" "
                + $"stroke-width=\"0.8\"/><text x=\"{X(moment.T) + 2:0.##}\" y=\"{(mark++ % 2 == 0 ? 9 : 19)}\">"
                + $"{Text(moment.What)}</text>\n");
        }
        double step = Step(report.Until - report.From);
        for (double t = Math.Ceiling(report.From / step) * step; t <= report.Until; t += step)
            svg.Append(CultureInfo.InvariantCulture,
                $"<line x1=\"{X(t):0.##}\" x2=\"{X(t):0.##}\" y1=\"{height - Bottom:0}\" y2=\"{height - Bottom + 4:0}\" stroke=\"#444\"/>"
                + $"<text x=\"{X(t) - 6:0.##}\" y=\"{height - Bottom + 14:0}\">{t / 1000:0} s</text>\n");
        double legend = Left;
        foreach (string? owner in owners)
        {
            svg.Append(CultureInfo.InvariantCulture,
                $"<rect x=\"{legend:0}\" y=\"{height - 9:0}\" width=\"8\" height=\"8\" fill=\"{Colour(owner)}\"/>"
                + $"<text x=\"{legend + 11:0}\" y=\"{height - 2:0}\">{Text(owner!)}</text>\n");
            legend += 26 + 6 * owner!.Length;
        }
        svg.Append("</svg>\n");
        return svg.ToString();
    }

    private static double Step(double milliseconds)
        => milliseconds switch { < 12_000 => 1_000, < 30_000 => 2_000, < 70_000 => 5_000, _ => 10_000 };

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private static string Milliseconds(double? value)
        => value is { } v ? string.Create(CultureInfo.InvariantCulture, $"{v:0} ms") : "";
}

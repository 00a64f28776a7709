using System.Globalization;
using System.Text;
using Dapr.Voice.Cli.Drills.Measures;

namespace Dapr.Voice.Cli.Drills.Reports;

/// <summary>The outcome of drills as text that fits into a post-mortem.</summary>
internal static class MarkdownReport
{
    public static string Of(IReadOnlyList<DrillReport> reports)
    {
        var text = new StringBuilder();
        text.Append("# Drills\n\n");
        text.Append("Gaps are the longest silence of each call, from the damage to the end of the measurement.\n\n");
        text.Append("| drill | start (UTC) | detection | recovery | calls lost | gap up p50/p99/max | gap down p50/p99/max | result |\n");
        text.Append("| --- | --- | --- | --- | --- | --- | --- | --- |\n");
        foreach (DrillReport report in reports)
        {
            Findings? found = report.Findings;
            text.Append(CultureInfo.InvariantCulture,
                $"| {report.Drill} | {report.StartedAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} | {Milliseconds(found?.DetectionMs)} "
                + $"| {Milliseconds(found?.RecoveryMs)} | {(found is null ? "" : $"{found.Lost} of {found.Calls}")} | {Gap(found?.GapUp)} "
                + $"| {Gap(found?.GapDown)} | {report.Verdict} |\n");
        }
        foreach (DrillReport report in reports) Append(text, report);
        return text.ToString();
    }

    private static void Append(StringBuilder text, DrillReport report)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n## {report.Drill}: {report.Verdict}\n\n{Sentence(report.Title)}\n");
        if (report.Error is { } error) text.Append(CultureInfo.InvariantCulture, $"\nThe drill was not carried out to its end: {error}\n");
        if (report.Skipped is { } skipped) text.Append(CultureInfo.InvariantCulture, $"\nThe drill was not run here: {skipped}\n");
        if (report.Findings is not { } found) return;
        text.Append("\n| time | what |\n| --- | --- |\n");
        foreach (Moment moment in found.Timeline)
            text.Append(CultureInfo.InvariantCulture, $"| {moment.T / 1000:0.00} s | {moment.What} |\n");
        if (found.DetectionMs is { } detection)
            text.Append(CultureInfo.InvariantCulture, $"| {detection / 1000:0.00} s | noticed by {Cell(found.NoticedBy ?? "")} |\n");
        if (found.RecoveryMs is { } recovery)
            text.Append(CultureInfo.InvariantCulture, $"| {recovery / 1000:0.00} s | every call is two-way again |\n");
        text.Append("\n| figure | measured | at most | source | |\n| --- | --- | --- | --- | --- |\n");
        foreach (Judgement judged in report.Judgements)
            text.Append(CultureInfo.InvariantCulture,
                $"| {judged.Figure} | {(judged.Measured is { } value ? $"{value:0.#}" : "not measured")} | {judged.Limit:0.#} "
                + $"| {judged.Source} | {(judged.IsMet ? "met" : "**missed**")} |\n");
        text.Append('\n');
        List("Calls ended with", found.EndReasons.Select(r => $"{r.Key} ({r.Value})"));
        List("Owners", found.Owners);
        List("Dependencies called during recovery", found.TouchedBy.Count > 0 ? found.TouchedBy : ["none"]);
        List("States of the page", found.PageStates.Select(s => $"{s.T / 1000:0.0} s: {s.What}"));
        List("Violations", found.Violations.Take(20).Select(v => $"{v.Rule}, call {v.Call}: {v.What}"));
        text.Append(CultureInfo.InvariantCulture,
            $"- Messages: {found.MessagesLostUp} of {found.MessagesSentUp} lost to the agent, {found.MessagesLostDown} of "
            + $"{found.MessagesSentDown} lost to the callers; {found.MessagesCutOff} more died with their owner.\n"
            + $"- Longest silences of the five seconds before the damage: up {Gap(found.BeforeUp)}, down {Gap(found.BeforeDown)}.\n"
            + $"- Calls that moved: {found.Moved}. Gaps are those of {(found.Moved == 0 ? "all calls" : "these calls")}.\n");
        if (report.WithoutPage is { } without) text.Append(CultureInfo.InvariantCulture, $"- Without a page: {without}.\n");

        void List(string title, IEnumerable<string> items)
        {
            string[] all = [.. items];
            if (all.Length > 0) text.Append(CultureInfo.InvariantCulture, $"- {title}: {string.Join("; ", all)}.\n");
        }
    }

    private static string Sentence(string title) => $"{char.ToUpperInvariant(title[0])}{title[1..]}.";

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);

    private static string Milliseconds(double? value)
        => value is { } v ? string.Create(CultureInfo.InvariantCulture, $"{v:0} ms") : "";

    public static string Gap(Spread? gap)
        => gap is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{gap.P50:0} / {gap.P99:0} / {gap.Max:0} ms");
}

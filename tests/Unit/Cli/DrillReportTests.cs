using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Drills;
using Dapr.Voice.Cli.Drills.Fleet;
using Dapr.Voice.Cli.Drills.Measures;
using Dapr.Voice.Cli.Drills.Reports;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Cli;

public sealed class DrillReportTests
{
    private const double DamageAt = 1000, EndAt = 10_000;

    [Fact]
    public void Report_OfABarThatIsMissed_HasFailedWithTheFigure()
    {
        DrillReport report = Report(gapMilliseconds: 700, Bars.Kill);
        Assert.False(report.Passed);
        Assert.Contains("gap of the agent's voice, p99, ms: 720 (at most 500)", report.Missed);
    }

    [Fact]
    public void Report_OfAFigureThatWasNotMeasured_HasFailed()
    {
        DrillReport report = Report(gapMilliseconds: 0, Bars.Kill);
        Assert.Contains("detection, ms: not measured (at most 200)", report.Missed);
        Assert.False(report.Passed);
    }

    [Fact]
    public void Report_WhoseBarsAreMet_HasPassed() => Assert.True(Report(gapMilliseconds: 100, Bars.RelayRestart).Passed);

    [Fact]
    public void Json_HasTheKeysOfTheDesign()
    {
        JsonObject json = JsonReport.Of(Report(gapMilliseconds: 100, Bars.RelayRestart));
        foreach (string key in new[] { "drill", "calls", "lost", "gapUpMs", "gapDownMs", "indexReuse", "owners", "touched", "passed" })
            Assert.True(json.ContainsKey(key), key);
        foreach (string direction in new[] { "gapUpMs", "gapDownMs" })
            Assert.Equal(["p50", "p99", "max"], json[direction]!.AsObject().Select(p => p.Key));
        Assert.Equal(120, (double)json["gapDownMs"]!["max"]!);
    }

    [Fact]
    public void Html_NeedsNoNetworkAndShowsTheGap()
    {
        string html = HtmlReport.Of([Report(gapMilliseconds: 3000, Bars.Kill)]);
        Assert.Contains("<svg", html, StringComparison.Ordinal);
        Assert.Contains("kill -9 of transceiver-00", html, StringComparison.Ordinal);
        Assert.DoesNotContain("http", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Stretches_OfAVoiceWithASilence_AreTwo()
    {
        IReadOnlyList<Stretch> stretches = DrillReport.StretchesOf(Entries(gapMilliseconds: 3000), DamageAt);
        Assert.Equal([(-1000, -20), (3000, 8980)], stretches.Where(s => !s.IsUp).Select(s => ((int)s.From, (int)s.Until)));
    }

    [Fact]
    public void Markdown_HasWhatAPostMortemAsksFor()
    {
        string text = MarkdownReport.Of([Report(gapMilliseconds: 700, Bars.Kill)]);
        Assert.Contains("| drill | start (UTC) | detection | recovery | calls lost |", text, StringComparison.Ordinal);
        Assert.Contains("| kill | 2026-11-30 10:00:00 |", text, StringComparison.Ordinal);
        Assert.Contains("0 of 1", text, StringComparison.Ordinal);
        Assert.Contains("**missed**", text, StringComparison.Ordinal);
    }

    [Fact]
    public void History_WrittenAndRead_IsTheSame()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("voice-history-").FullName, "run.jsonl.gz");
        try
        {
            HistoryEntry[] entries = Entries(gapMilliseconds: 300);
            HistoryFile.Write(path, entries);
            Assert.Equal(entries, HistoryFile.Read(path));
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        }
    }

    [Fact]
    public void Touched_ByWhatHappensEverySecond_IsNothing()
    {
        SidecarCall renewal = new(1, 10, "transceiver-00", "write", "sessions", "transceiver");
        (IReadOnlyList<string> names, IReadOnlyList<string> details) = Dependencies.Touched(
            [renewal],
            [renewal with { At = 2000 }, new(3, 2100, "transceiver-01", "write", "sessions", "slot"),
                new(4, 2200, "transceiver-01", "read", "checkpoints", "checkpoint")], agentConnections: 3);
        Assert.Equal(["agent", "store"], names);
        Assert.Equal(["transceiver-01: store read checkpoint (1)", "transceiver-01: store write slot (1)", "agent: 3 connections"],
            details);
    }

    [Fact]
    public void Drills_EachOne_HasANameOfItsOwnAndBars()
    {
        Assert.Equal(DrillCatalog.All.Count, DrillCatalog.All.Select(d => d.Name).Distinct(StringComparer.Ordinal).Count());
        foreach (Drill drill in DrillCatalog.All)
        {
            Assert.Matches("^[a-z0-9-]+$", drill.Name);
            Assert.Contains(drill.Bars, b => b is { Figure: "calls lost", Limit: 0 });
            Assert.Contains(drill.Bars, b => b is { Figure: "packet indices used twice", Limit: 0 });
        }
    }

    [Theory]
    [InlineData("relay", "10:00:00 warn: X[0] SUSPECT for 32 slots: the port of transceiver-00 is closed", true)]
    [InlineData("transceiver-01", "info: SlotKeeper[0] Serving 64 slots: 32 to claim, 0 given back, 0 to give back when …", true)]
    [InlineData("transceiver-01", "info: SlotKeeper[0] Serving 64 slots: 0 to claim, 32 given back, 0 to give back when …", false)]
    [InlineData("local-agent", "warn: the port is closed", false)]
    [InlineData("relay", "info: Transceivers: 4 link endpoints", false)]
    public void Sign_OfALine_IsWhatNoticesALoss(string process, string line, bool isSign)
        => Assert.Equal(isSign, LogSigns.IsSign(process, line));

    private static DrillReport Report(int gapMilliseconds, IReadOnlyList<Bar> bars)
    {
        HistoryEntry[] entries = Entries(gapMilliseconds);
        var found = Findings.Of(entries, DamageAt, EndAt);
        return new DrillReport("kill", "a transceiver is killed", new DateTimeOffset(2026, 11, 30, 10, 0, 0, TimeSpan.Zero))
        {
            Findings = found,
            Judgements = DrillReport.Judge(bars, found),
            From = -1000,
            Until = EndAt - DamageAt,
            Stretches = DrillReport.StretchesOf(entries, DamageAt),
        };
    }

    private static HistoryEntry[] Entries(int gapMilliseconds)
    {
        var entries = new List<HistoryEntry> { new(0, HistoryKind.CallUp) { Call = 0 } };
        for (int at = 0; at < EndAt; at += 20)
        {
            if (at >= DamageAt && at < DamageAt + gapMilliseconds) continue;
            entries.Add(new HistoryEntry(at, HistoryKind.HeardUp) { Call = 0, Connection = 0, Owner = "transceiver-00/1" });
            entries.Add(new HistoryEntry(at, HistoryKind.HeardDown) { Call = 0, Connection = 0, Owner = "transceiver-00/1",
                Number = at / 20 });
        }
        entries.Add(new HistoryEntry(DamageAt, HistoryKind.Mark) { Text = "kill -9 of transceiver-00" });
        entries.Add(new HistoryEntry(EndAt, HistoryKind.CallEnd) { Call = 0, Id = "caller", Text = "hung up" });
        return [.. entries.OrderBy(e => e.T)];
    }
}

using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Drills.Measures;

namespace Dapr.Voice.Cli.Drills.Reports;

/// <summary>The outcome of a drill as an object for machines (docs/design.md, section 12).</summary>
internal static class JsonReport
{
    public static JsonObject Of(DrillReport report)
    {
        var json = new JsonObject
        {
            ["drill"] = report.Drill,
            ["title"] = report.Title,
            ["startedAt"] = report.StartedAt.UtcDateTime,
            ["passed"] = report.Passed,
            ["verdict"] = report.Verdict,
        };
        if (report.Error is { } error) json["error"] = error;
        if (report.Skipped is { } skipped) json["skipped"] = skipped;
        if (report.WithoutPage is { } without) json["withoutPage"] = without;
        if (report.History is { } history) json["history"] = history;
        if (report.Findings is not { } found) return json;
        json["calls"] = found.Calls;
        json["lost"] = found.Lost;
        json["silent"] = found.Silent;
        json["moved"] = found.Moved;
        json["endReasons"] = new JsonObject(found.EndReasons.Select(r => KeyValuePair.Create(r.Key, (JsonNode?)r.Value)));
        json["gapUpMs"] = Of(found.GapUp);
        json["gapDownMs"] = Of(found.GapDown);
        json["gapPacketsMs"] = Of(found.GapPackets);
        json["beforeUpMs"] = Of(found.BeforeUp);
        json["beforeDownMs"] = Of(found.BeforeDown);
        json["missingFrames"] = new JsonObject { ["up"] = found.MissingUp, ["down"] = found.MissingDown };
        json["detectionMs"] = Round(found.DetectionMs);
        json["noticedBy"] = found.NoticedBy;
        json["recoveryMs"] = Round(found.RecoveryMs);
        json["doneMs"] = Round(found.DoneMs);
        json["knownAgainMs"] = Round(found.KnownAgainMs);
        json["hangUpMs"] = Round(found.HangUpMs);
        json["diverted"] = found.Diverted;
        json["indexReuse"] = found.IndexReuse;
        json["messages"] = new JsonObject
        {
            ["up"] = new JsonObject { ["sent"] = found.MessagesSentUp, ["lost"] = found.MessagesLostUp },
            ["down"] = new JsonObject { ["sent"] = found.MessagesSentDown, ["lost"] = found.MessagesLostDown,
                ["cutOff"] = found.MessagesCutOff },
        };
        json["pageGapUpMs"] = Round(found.PageGapUpMs);
        json["pageStates"] = Of(found.PageStates);
        json["owners"] = Texts(found.Owners);
        json["touched"] = Texts(found.Touched);
        json["touchedBy"] = Texts(found.TouchedBy);
        json["violations"] = new JsonArray([.. found.Violations.Select(v => new JsonObject { ["rule"] = v.Rule, ["call"] = v.Call,
            ["t"] = Round(v.T), ["what"] = v.What })]);
        json["timeline"] = Of(found.Timeline);
        json["bars"] = new JsonArray([.. report.Judgements.Select(j => new JsonObject { ["figure"] = j.Figure,
            ["measured"] = Round(j.Measured), ["limit"] = j.Limit, ["source"] = j.Source, ["met"] = j.IsMet })]);
        return json;
    }

    private static JsonObject? Of(Spread? spread)
        => spread is null ? null : new JsonObject { ["p50"] = Round(spread.P50), ["p99"] = Round(spread.P99), ["max"] = Round(spread.Max) };

    private static JsonArray Of(IReadOnlyList<Moment> moments)
        => new([.. moments.Select(m => new JsonObject { ["t"] = Round(m.T), ["what"] = m.What })]);

    private static JsonArray Texts(IReadOnlyList<string> texts) => new([.. texts.Select(t => (JsonNode)t)]);

    private static JsonNode? Round(double? value) => value is { } v && double.IsFinite(v) ? Math.Round(v, 1) : null;
}

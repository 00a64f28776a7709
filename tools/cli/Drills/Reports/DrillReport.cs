using Dapr.Voice.Cli.Drills.Measures;

namespace Dapr.Voice.Cli.Drills.Reports;

/// <summary>A time in which a call was heard in one direction without a gap, in milliseconds since the damage.</summary>
/// <param name="Owner">Who served it then; null if it is not known.</param>
internal sealed record Stretch(int Call, bool IsUp, double From, double Until, string? Owner);

/// <summary>The outcome of one drill.</summary>
internal sealed record DrillReport(string Drill, string Title, DateTimeOffset StartedAt)
{
    /// <summary>Frames further apart than this have a gap between them in the picture.</summary>
    public const double VisibleGapMilliseconds = 60;

    /// <summary>Null if the drill could not be carried out.</summary>
    public Findings? Findings { get; init; }
    public IReadOnlyList<Judgement> Judgements { get; init; } = [];

    /// <summary>What went wrong with the drill itself.</summary>
    public string? Error { get; init; }

    /// <summary>Why the drill was not tried on this machine.</summary>
    public string? Skipped { get; init; }

    /// <summary>Why there was no page; null if there was one.</summary>
    public string? WithoutPage { get; init; }

    /// <summary>What the picture shows, in milliseconds since the damage.</summary>
    public double From { get; init; }
    public double Until { get; init; }
    public IReadOnlyList<Stretch> Stretches { get; init; } = [];

    /// <summary>The name of the recorded run's file.</summary>
    public string? History { get; init; }

    /// <summary>True if the drill was carried out and every bar is met.</summary>
    public bool Passed => Error is null && Skipped is null && Findings is not null && Judgements.All(j => j.IsMet);

    public string Verdict => Skipped is not null ? "not run" : Passed ? "passed" : "failed";

    /// <summary>The bars that were missed, with the figures.</summary>
    public IEnumerable<string> Missed
        => Judgements.Where(j => !j.IsMet).Select(j => j.Measured is { } value ? $"{j.Figure}: {value:0.#} (at most {j.Limit:0.#})"
            : $"{j.Figure}: not measured (at most {j.Limit:0.#})");

    public static IReadOnlyList<Judgement> Judge(IReadOnlyList<Bar> bars, Findings findings)
        => [.. bars.Select(b => new Judgement(b.Figure, b.Limit, b.Source, b.Of(findings), b.IsMet(findings)))];

    /// <summary>The stretches of a recorded run.</summary>
    public static IReadOnlyList<Stretch> StretchesOf(IReadOnlyList<HistoryEntry> entries, double damageAt)
    {
        var stretches = new List<Stretch>();
        foreach (IGrouping<(int Call, bool IsUp), HistoryEntry> line in entries
            .Where(e => e is { Kind: HistoryKind.HeardUp or HistoryKind.HeardDown, Call: not null })
            .GroupBy(e => (e.Call!.Value, e.Kind == HistoryKind.HeardUp)).OrderBy(g => g.Key))
        {
            Stretch? open = null;
            foreach (HistoryEntry frame in line)
            {
                double at = frame.T - damageAt;
                string? owner = frame.Owner ?? open?.Owner;
                if (open is not null && at - open.Until <= VisibleGapMilliseconds && owner == open.Owner)
                {
                    open = open with { Until = at };
                    continue;
                }
                if (open is not null) stretches.Add(open);
                open = new Stretch(line.Key.Call, line.Key.IsUp, at, at, owner);
            }
            if (open is not null) stretches.Add(open);
        }
        return stretches;
    }
}

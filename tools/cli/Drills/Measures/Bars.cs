namespace Dapr.Voice.Cli.Drills.Measures;

/// <summary>
/// The limits of the drills, in one table. They are those of docs/design.md, section 7, and of the acceptance of issue 12. A limit is never
/// raised to make a drill pass.
/// </summary>
internal static class Bars
{
    private const string Design = "design 7", Issue = "issue 12";

    /// <summary>What holds in every drill: no call is lost, no index is used twice, and the history has no violation.</summary>
    private static readonly Bar[] Always =
    [
        new("calls lost", 0, Design, f => f.Lost),
        new("calls that are not two-way at the end", 0, Design, f => f.Silent),
        new("packet indices used twice", 0, Issue, f => f.IndexReuse),
        new("violations in the history", 0, Issue, f => f.Violations.Count),
    ];

    private static readonly Bar PageStays = new("states of the page after connected", 0, Issue, f => f.PageStates.Count) {
        IsOfThePage = true };

    /// <summary>
    /// Media of which nothing is missing. Frames are counted and not milliseconds, because the jitter of a machine is no gap.
    /// </summary>
    private static readonly Bar[] NoGap =
    [
        new("frames of callers that never came", 0, Issue, f => f.MissingUp),
        new("frames of the agent that never came", 0, Issue, f => f.MissingDown),
    ];

    public static IReadOnlyList<Bar> Kill { get; } =
    [
        .. Always, PageStays, .. Gap(50, 250, f => f.P50), .. Gap(99, 500, f => f.P99),
        new("detection, ms", 200, Issue, f => f.DetectionMs), new("messages lost", 0, Issue, f => f.MessagesLost),
    ];

    /// <summary>No figure is promised for two losses at once. The calls must be there when the store is.</summary>
    public static IReadOnlyList<Bar> TransceiverAndStore { get; } = [.. Always, PageStays];

    /// <summary>A pause that costs itself and no call.</summary>
    public static IReadOnlyList<Bar> Pause(double seconds)
        => [.. Always, PageStays, .. Gap(99, seconds * 1000 + 500, f => f.P99, "issue 12 (the pause), and 500 ms to catch up")];

    public static IReadOnlyList<Bar> LongPause { get; } = [.. Always, PageStays, .. Gap(99, 3000, f => f.P99)];
    public static IReadOnlyList<Bar> RelayRestart { get; } =
        [.. Always, PageStays, new("gap of the agent's voice, p99, ms", 300, Design, f => f.GapDown?.P99)];
    public static IReadOnlyList<Bar> RelayGone { get; } =
    [
        .. Always, PageStays, new("gap of the agent's voice, p99, ms", 500, Issue, f => f.GapDown?.P99),
        new("gap of callers' voices, p99, ms", 4000, Issue, f => f.GapUp?.P99),
        new("gap of the page's voice, ms", 4000, Issue, f => f.PageGapUpMs) { IsOfThePage = true },
    ];
    public static IReadOnlyList<Bar> RelayDrain { get; } =
        [.. Always, PageStays, .. Gap(99, 40, f => f.P99), new("gap of the page's voice, ms", 40, Issue, f => f.PageGapUpMs) {
            IsOfThePage = true }];
    public static IReadOnlyList<Bar> Rebinding { get; } = [.. Always, PageStays, .. Gap(99, 60, f => f.P99)];
    public static IReadOnlyList<Bar> Drain { get; } =
        [.. Always, PageStays, .. Gap(99, 40, f => f.P99), new("drain done, ms", 10_000, Issue, f => f.DoneMs)];
    public static IReadOnlyList<Bar> Update { get; } = [.. Always, PageStays];
    public static IReadOnlyList<Bar> TwoRevisions { get; } = [.. Update, new("both revisions, ms", 30_000, Issue, f => f.DoneMs)];
    public static IReadOnlyList<Bar> Outage { get; } = [.. Always, PageStays, .. NoGap];

    /// <summary>While the agent is away there is no voice. The packets go on, so the caller hears a pause and not a dead line.</summary>
    public static IReadOnlyList<Bar> AgentOutage { get; } =
        [.. Always, PageStays, new("gap of packets to callers, p99, ms", 500, Issue, f => f.GapPackets?.P99)];
    public static IReadOnlyList<Bar> StoreLost { get; } =
    [
        .. Always, PageStays, .. NoGap, new("calls known again, ms", 5_000, Issue, f => f.KnownAgainMs),
        new("hang-up and its event, ms", 5_000, Issue, f => f.HangUpMs),
    ];
    public static IReadOnlyList<Bar> Spoofing { get; } =
        [.. Outage, new("packets of a stream at a stranger", 0, Issue, f => f.Diverted)];

    private static IEnumerable<Bar> Gap(int percentile, double limit, Func<Spread, double> of, string source = Issue)
    {
        yield return new($"gap of the agent's voice, p{percentile}, ms", limit, source, f => f.GapDown is { } gap ? of(gap) : null);
        yield return new($"gap of callers' voices, p{percentile}, ms", limit, source, f => f.GapUp is { } gap ? of(gap) : null);
    }
}

namespace Dapr.Voice.Cli.Drills.Measures;

/// <summary>Something that the drill did, or saw, in milliseconds since the damage.</summary>
internal sealed record Moment(double T, string What);

/// <summary>
/// What a drill found. It is calculated from the recorded run alone (<see cref="Of"/>), and from what the drill asked the fleet.
/// </summary>
internal sealed record Findings
{
    /// <summary>A call without voice for longer than this at the end is not two-way.</summary>
    public const double LongestSilenceAtEndMilliseconds = 3_000;

    /// <summary>The last so many milliseconds before the damage are measured as well: what this machine does by itself.</summary>
    public const double BeforeMilliseconds = 5_000;

    /// <summary>The number of the page's call.</summary>
    public const int PageCall = -1;

    public required int Calls { get; init; }

    /// <summary>Calls that ended before their callers hung up.</summary>
    public required int Lost { get; init; }

    /// <summary>Calls that were up at the end and had been silent in one direction for three seconds.</summary>
    public required int Silent { get; init; }
    public required IReadOnlyDictionary<string, int> EndReasons { get; init; }
    /// <summary>
    /// The calls that the damage moved: a successor opened a connection to the agent. Gaps are those of these calls and of lost and silent
    /// ones. If there are none, as when a relay fails, they are those of all calls.
    /// </summary>
    public required int Moved { get; init; }
    public required Spread? GapUp { get; init; }
    public required Spread? GapDown { get; init; }

    /// <summary>The same for any packet that a caller gets, silence included.</summary>
    public required Spread? GapPackets { get; init; }

    /// <summary>
    /// The longest silences of all calls in the last <see cref="BeforeMilliseconds"/> before the damage. On a machine that has other work,
    /// no gap can be shorter.
    /// </summary>
    public required Spread? BeforeUp { get; init; }
    public required Spread? BeforeDown { get; init; }
    public required int MissingUp { get; init; }
    public required int MissingDown { get; init; }

    /// <summary>From the damage to the first line of a process that noticed it.</summary>
    public required double? DetectionMs { get; init; }
    public required string? NoticedBy { get; init; }

    /// <summary>From the damage to the moment from which on every call was heard both ways again. Null if some were not.</summary>
    public required double? RecoveryMs { get; init; }
    public required int IndexReuse { get; init; }
    public required IReadOnlyList<Violation> Violations { get; init; }

    /// <summary>The longest silence of the page's caller at the agent. Null without a page.</summary>
    public required double? PageGapUpMs { get; init; }

    /// <summary>The states that the page's connection had after the damage. Empty if it stayed connected.</summary>
    public required IReadOnlyList<Moment> PageStates { get; init; }
    public required int MessagesSentUp { get; init; }
    public required int MessagesLostUp { get; init; }
    public required int MessagesSentDown { get; init; }
    public required int MessagesLostDown { get; init; }

    /// <summary>
    /// Messages of the agent that were the last of a connection which ended with its owner. They died with that process: the agent had
    /// given them to it, and no successor can know them.
    /// </summary>
    public required int MessagesCutOff { get; init; }
    public int MessagesLost => MessagesLostUp + MessagesLostDown;

    /// <summary>Which process served how many calls before and after the damage: <c>transceiver-00/4711 epoch 1: 10 calls</c>.</summary>
    public required IReadOnlyList<string> Owners { get; init; }
    public required IReadOnlyList<Moment> Timeline { get; init; }

    // What the drill asks the fleet or measures itself, and a recorded run does not have.
    /// <summary>Which dependencies were called between the damage and the recovery, beyond what the fleet calls all the time.</summary>
    public IReadOnlyList<string> Touched { get; init; } = [];

    /// <summary>The same in detail: who called what.</summary>
    public IReadOnlyList<string> TouchedBy { get; init; } = [];
    public double? DoneMs { get; init; }
    public double? KnownAgainMs { get; init; }
    public double? HangUpMs { get; init; }
    public int? Diverted { get; init; }

    /// <param name="entries">A recorded run in ascending order, with the numbers of <see cref="FrameNumbering"/>.</param>
    /// <param name="damageAt">When the damage began, in milliseconds since the run began.</param>
    /// <param name="endAt">When the measurement ended.</param>
    public static Findings Of(IReadOnlyList<HistoryEntry> entries, double damageAt, double endAt)
    {
        int[] calls = [.. entries.Where(e => e is { Kind: HistoryKind.CallUp, Call: >= 0 }).Select(e => e.Call!.Value).Distinct().Order()];
        ILookup<int, HistoryEntry> byCall = entries.Where(e => e.Call is not null).ToLookup(e => e.Call!.Value);
        var gapUp = new List<double>();
        var gapDown = new List<double>();
        var gapPackets = new List<double>();
        var beforeUp = new List<double>();
        var beforeDown = new List<double>();
        int missingUp = 0, missingDown = 0, lost = 0, silent = 0;
        var reasons = new SortedDictionary<string, int>(StringComparer.Ordinal);
        double? recovery = 0;
        HashSet<int> moved = [.. calls.Where(
            call => byCall[call].Any(e => e.Kind == HistoryKind.AgentOpen && e.T >= damageAt && e.T < endAt))];
        foreach (int call in calls)
        {
            HistoryEntry[] own = [.. byCall[call]];
            HistoryEntry[] up = [.. own.Where(e => e.Kind == HistoryKind.HeardUp)];
            HistoryEntry[] down = [.. own.Where(e => e.Kind == HistoryKind.HeardDown)];
            missingUp += Gaps.MissingFrames(up.Where(e => e.T >= damageAt).Select(e => e.Number));
            missingDown += WithConnections(down.Where(e => e.T >= damageAt)).GroupBy(f => f.Connection)
                .Sum(c => Gaps.MissingFrames(c.Select(f => f.Number)));
            bool isLost = false;
            foreach (HistoryEntry end in own.Where(e => e.Kind == HistoryKind.CallEnd && e.Id is null && e.T <= endAt))
            {
                isLost = true;
                string reason = end.Text ?? "";
                reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
            }
            beforeUp.Add(Before(up, damageAt));
            beforeDown.Add(Before(down, damageAt));
            bool isSilent = !isLost && (IsSilent(up, endAt) || IsSilent(down, endAt));
            lost += isLost ? 1 : 0;
            silent += isSilent ? 1 : 0;
            if (moved.Count == 0 || moved.Contains(call) || isLost || isSilent)
            {
                gapUp.Add(Gaps.LongestMilliseconds(up.Select(e => e.T), damageAt, endAt));
                gapDown.Add(Gaps.LongestMilliseconds(down.Select(e => e.T), damageAt, endAt));
                gapPackets.Add(Gaps.LongestMilliseconds(
                    own.Where(e => e.Kind is HistoryKind.HeardDown or HistoryKind.SilentDown).Select(e => e.T), damageAt, endAt));
            }
            recovery = isLost || IsSilent(up, endAt) || IsSilent(down, endAt) || recovery is null ? null
                : Math.Max(recovery.Value, Math.Max(BackAt(up, damageAt), BackAt(down, damageAt)) - damageAt);
        }
        HistoryEntry? noticed = entries.FirstOrDefault(e => e.Kind == HistoryKind.Noticed && e.T >= damageAt);
        (int lostDown, int cutOff) = LostDown(byCall, calls, endAt);
        IReadOnlyList<Violation> violations = HistoryChecker.Check(entries);
        return new Findings
        {
            Calls = calls.Length,
            Lost = lost,
            Silent = silent,
            EndReasons = reasons,
            Moved = moved.Count,
            GapUp = Spread.Of(gapUp),
            GapDown = Spread.Of(gapDown),
            GapPackets = Spread.Of(gapPackets),
            BeforeUp = Spread.Of(beforeUp),
            BeforeDown = Spread.Of(beforeDown),
            MissingUp = missingUp,
            MissingDown = missingDown,
            DetectionMs = noticed?.T - damageAt,
            NoticedBy = noticed is null ? null : $"{noticed.Owner}: {noticed.Text}",
            RecoveryMs = calls.Length == 0 ? null : recovery,
            IndexReuse = entries.Count(e => e.Kind == HistoryKind.Reuse),
            Violations = violations,
            PageGapUpMs = entries.Any(e => e is { Kind: HistoryKind.HeardUp, Call: PageCall })
                ? Gaps.LongestMilliseconds(
                    entries.Where(e => e is { Kind: HistoryKind.HeardUp, Call: PageCall }).Select(e => e.T), damageAt, endAt) : null,
            PageStates = [.. entries.Where(e => e.Kind == HistoryKind.Page && e.T >= damageAt).Select(e => new Moment(e.T - damageAt,
                e.Text ?? ""))],
            MessagesSentUp = entries.Count(e => e.Kind == HistoryKind.SentUp),
            MessagesLostUp = LostUp(calls, byCall, endAt),
            MessagesSentDown = entries.Count(e => e.Kind == HistoryKind.SentDown),
            MessagesLostDown = lostDown,
            MessagesCutOff = cutOff,
            Owners = OwnersOf(entries, damageAt),
            Timeline = [.. entries.Where(e => e.Kind == HistoryKind.Mark).Select(e => new Moment(e.T - damageAt, e.Text ?? ""))],
        };
    }

    /// <summary>A frame that could not be read belongs to the connection of the frame before it.</summary>
    private static IEnumerable<(int Connection, long? Number)> WithConnections(IEnumerable<HistoryEntry> heard)
    {
        int connection = 0;
        foreach (HistoryEntry frame in heard)
        {
            connection = frame.Connection ?? connection;
            yield return (connection, frame.Number);
        }
    }

    private static double Before(HistoryEntry[] heard, double damageAt)
        => heard.Length == 0 ? 0
        : Gaps.LongestMilliseconds(heard.Select(e => e.T), Math.Max(heard[0].T, damageAt - BeforeMilliseconds), damageAt);

    private static bool IsSilent(HistoryEntry[] heard, double endAt)
        => heard.Length == 0 || endAt - heard[^1].T > LongestSilenceAtEndMilliseconds;

    /// <summary>The end of the longest gap after the damage: from then on the call was heard as before.</summary>
    private static double BackAt(HistoryEntry[] heard, double damageAt)
    {
        double before = damageAt, longest = 0, back = damageAt;
        foreach (HistoryEntry frame in heard)
        {
            if (frame.T > damageAt && frame.T - before > longest) (longest, back) = (frame.T - before, frame.T);
            before = frame.T;
        }
        return back;
    }

    private static int LostUp(int[] calls, ILookup<int, HistoryEntry> byCall, double endAt)
    {
        int lost = 0;
        foreach (int call in calls)
        {
            var got = byCall[call].Where(e => e.Kind == HistoryKind.GotUp).Select(e => e.Number ?? 0).ToHashSet();
            lost += byCall[call].Count(e => e.Kind == HistoryKind.SentUp && !got.Contains(e.Number ?? 0)
                && e.T < endAt - HistoryChecker.UnderWayMilliseconds);
        }
        return lost;
    }

    private static (int Lost, int CutOff) LostDown(ILookup<int, HistoryEntry> byCall, int[] calls, double endAt)
    {
        int lost = 0, cutOff = 0;
        foreach (int call in calls)
        {
            HistoryEntry[] sent = [.. byCall[call].Where(e => e.Kind == HistoryKind.SentDown)];
            int newest = sent.Max(e => e.Connection) ?? 0;
            ILookup<int, long> got = byCall[call].Where(e => e.Kind == HistoryKind.GotDown)
                .ToLookup(e => e.Connection ?? 0, e => e.Number ?? 0);
            foreach (IGrouping<int, HistoryEntry> connection in sent.GroupBy(e => e.Connection ?? 0))
            {
                HashSet<long> arrived = [.. got[connection.Key]];
                long last = arrived.Count == 0 ? -1 : arrived.Max();
                foreach (HistoryEntry message in connection.Where(e => !arrived.Contains(e.Number ?? 0)))
                {
                    if (connection.Key < newest && message.Number > last) cutOff++;
                    else if (message.T < endAt - HistoryChecker.UnderWayMilliseconds) lost++;
                }
            }
        }
        return (lost, cutOff);
    }

    private static string[] OwnersOf(IReadOnlyList<HistoryEntry> entries, double damageAt)
    {
        var owners = new List<string>();
        Dictionary<int, string> Serving(double until) => entries
            .Where(e => e is { Kind: HistoryKind.AgentOpen, Call: >= 0, Owner: not null } && e.T <= until).GroupBy(e => e.Call!.Value)
            .ToDictionary(g => g.Key, g => g.Last().Owner!);
        foreach ((string when, double until) in new[] { ("before", damageAt), ("after", double.MaxValue) })
        {
            foreach (IGrouping<string, KeyValuePair<int, string>> group in Serving(until).GroupBy(s => s.Value, StringComparer.Ordinal)
                .OrderBy(g => g.Key, StringComparer.Ordinal))
                owners.Add($"{when}: {group.Key} serves {group.Count()} calls");
        }
        // The owners of each epoch, as the records of the slots say.
        foreach (IGrouping<(long Epoch, string Owner), HistoryEntry> group in entries
            .Where(e => e is { Kind: HistoryKind.Slot, Owner: not null, Epoch: not null }).GroupBy(e => (e.Epoch!.Value, e.Owner!))
            .OrderBy(g => g.Key))
            owners.Add($"epoch {group.Key.Epoch}: {group.Key.Owner} took {group.Select(e => e.Number).Distinct().Count()} slots");
        return [.. owners];
    }
}

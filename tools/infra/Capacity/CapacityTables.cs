using System.Globalization;

namespace Dapr.Voice.Infra.Capacity;

/// <summary>
/// Writes plans as tables: in Markdown for docs/capacity.md, which a test compares, and as rows of cells for a terminal.
/// </summary>
public static class CapacityTables
{
    /// <summary>What each plan needs and costs, as Markdown.</summary>
    public static string Needs(IReadOnlyList<CapacityPlan> plans) => Markdown(NeedsRows(plans));

    /// <summary>What each plan needs and costs, one column for each plan. The first row is the head. Cells may have Markdown.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> NeedsRows(IReadOnlyList<CapacityPlan> plans)
    {
        List<IReadOnlyList<string>> rows = [["", .. plans.Select(p => $"{Count(p.Sessions)}, {EdgeNames.Of(p.Edge)}")]];
        void Add(string name, Func<CapacityPlan, string> value) => rows.Add([name, .. plans.Select(value)]);
        Add("calls a second", p => Count(p.CallsPerSecond));
        Add("sessions of a shard", p => Count(p.SessionsPerShard));
        Add("shards", p => Count(p.Shards));
        Add("cells (`Fleet__Region`s)", p => Count(p.Cells));
        Add("relays of a cell", p => Count(p.RelaysPerCell));
        Add("signaling replicas of a cell", p => Count(p.SignalingPerCell));
        Add("cores in all", p => Count(p.Cores));
        Add("table operations a second and cell: registry + calls",
            p => $"{Count(p.RegistryOperationsPerSecondAndCell)} + {Count(p.SessionOperationsPerSecondAndCell)}");
        Add("broker operations a second and cell", p => Count(p.BrokerOperationsPerSecondAndCell));
        Add("egress", p => $"{Bits(p.EgressBitsPerSecond)}, {Bytes(p.EgressGigabytesPerMonth)} a month");
        Add("between regions, a month", p => Bytes(p.BetweenRegionsGigabytesPerMonth));
        string[] costs = [.. plans.SelectMany(p => p.Costs.Select(c => c.What)).Distinct()];
        foreach (string what in costs) Add($"{what}, a month", p => Dollars(p.Costs.First(c => c.What == what).Dollars));
        Add("**in all, a month**", p => $"**{Dollars(p.DollarsPerMonth)}**");
        Add("**of a session hour**", p => $"**{Cents(p.DollarsPerSessionHour)}**");
        Add("breaks, as built", p => p.Broken.Count == 0 ? "nothing" : string.Join("; ", p.Broken.Select(b => b.Name)));
        return rows;
    }

    /// <summary>The limits of an edge, nearest first, as Markdown.</summary>
    public static string Limits(CapacityPlan plan) => Markdown(LimitsRows(plan));

    /// <summary>The limits of an edge, nearest first. The first row is the head. Cells may have Markdown.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> LimitsRows(CapacityPlan plan)
        => [["limit", "sessions", "of", "figure", "then"],
        .. plan.Limits.Select(l => (IReadOnlyList<string>)
        [l.Name, Count(l.Sessions), l.IsOfFleet ? "the fleet" : "a cell", l.IsMeasured ? "ours" : "vendor's or assumed", l.Then])];

    /// <summary>Two significant digits. The figures are not more precise than that.</summary>
    public static string Count(double value)
    {
        if (value < 100) return Math.Round(value).ToString("0", CultureInfo.InvariantCulture);
        double scale = Math.Pow(10, Math.Floor(Math.Log10(value)) - 1);
        return (Math.Round(value / scale) * scale).ToString("#,0", CultureInfo.InvariantCulture);
    }

    public static string Dollars(double value)
        => value < 1 ? $"${value.ToString("0.00", CultureInfo.InvariantCulture)}" : $"${Count(value)}";

    public static string Cents(double dollars) => $"{(dollars * 100).ToString("0.00", CultureInfo.InvariantCulture)} ¢";

    private static string Bits(double perSecond) => perSecond >= 1e12 ? $"{perSecond / 1e12:0.0} Tbit/s" : perSecond >= 1e9
        ? $"{perSecond / 1e9:0.0} Gbit/s" : $"{perSecond / 1e6:0} Mbit/s";

    private static string Bytes(double gigabytes)
        => gigabytes >= 1e6 ? $"{gigabytes / 1e6:0.0} PB" : gigabytes >= 1000 ? $"{gigabytes / 1000:0} TB" : $"{gigabytes:0} GB";

    private static string Markdown(IReadOnlyList<IReadOnlyList<string>> rows)
        => string.Join('\n', [Row(rows[0]), Row(rows[0].Select(_ => "---")), .. rows.Skip(1).Select(Row)]);

    private static string Row(IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |";
}

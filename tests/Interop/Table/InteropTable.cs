using Dapr.Voice.Tests.Interop.Calls;
using Dapr.Voice.Tests.Interop.Stacks;

namespace Dapr.Voice.Tests.Interop.Table;

/// <summary>
/// The table in docs/interop.md. A run compares its own cells with it. If <c>VOICE_INTEROP_UPDATE</c> is 1, it writes them instead.
/// </summary>
internal static class InteropTable
{
    private const int VersionColumn = 1;
    private const int FirstCapability = 2;

    private static string Page => Checkout.File("docs", "interop.md");

    public static bool IsUpdate => Environment.GetEnvironmentVariable("VOICE_INTEROP_UPDATE") == "1";

    /// <returns>The cells that differ, each as one line. After an update there are none.</returns>
    public static IReadOnlyList<string> Compare(IEnumerable<Report> reports, IReadOnlyCollection<Capability> capabilities)
    {
        string[] lines = File.ReadAllLines(Page);
        var differences = new List<string>();
        foreach (Report report in reports)
        {
            int at = Array.FindIndex(lines, line => line.StartsWith($"| {report.Stack.Name} |", StringComparison.Ordinal));
            if (at < 0)
            {
                differences.Add($"{report.Stack.Name}: no row");
                continue;
            }
            string[] cells = [.. lines[at].Trim('|').Split('|').Select(cell => cell.Trim())];
            foreach (Capability capability in capabilities)
            {
                int column = FirstCapability + (int)capability;
                string cell = report.Cell(capability);
                if (cells[column] != cell)
                    differences.Add($"{report.Stack.Name}, {capability}: the table says {cells[column]}, the run {cell}");
                cells[column] = cell;
            }
            cells[VersionColumn] = report.Version ?? cells[VersionColumn];
            lines[at] = $"| {string.Join(" | ", cells)} |";
        }
        if (!IsUpdate) return differences;
        File.WriteAllText(Page, string.Join('\n', lines) + "\n");
        return [];
    }

    /// <summary>The cells of a row that no peer fills.</summary>
    public static string[] Row(string name)
        => [.. File.ReadAllLines(Page).Single(line => line.StartsWith($"| {name} |", StringComparison.Ordinal)).Trim('|').Split('|')
        .Select(cell => cell.Trim()).Skip(FirstCapability)];
}

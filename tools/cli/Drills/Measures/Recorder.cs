namespace Dapr.Voice.Cli.Drills.Measures;

/// <summary>Collects the entries of one run, in the order in which they come. Any thread.</summary>
/// <param name="now">Milliseconds since the run began.</param>
internal sealed class Recorder(Func<double> now)
{
    private readonly Lock _lock = new();
    private readonly List<HistoryEntry> _entries = [];

    public double Now => now();

    public void Add(HistoryEntry entry)
    {
        lock (_lock) _entries.Add(entry);
    }

    public void Mark(string text) => Add(new HistoryEntry(Now, HistoryKind.Mark) { Text = text });

    public bool Has(Func<HistoryEntry, bool> what)
    {
        lock (_lock) return _entries.Exists(e => what(e));
    }

    /// <summary>What was recorded so far, in ascending order of time.</summary>
    public List<HistoryEntry> ToSorted()
    {
        // Entries of several threads may be a little out of order. The order of equal times stays.
        lock (_lock) return [.. _entries.OrderBy(e => e.T)];
    }
}

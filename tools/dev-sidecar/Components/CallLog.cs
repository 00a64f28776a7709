using System.Diagnostics;

namespace Dapr.Voice.DevSidecar.Components;

/// <summary>One call of an app to a component.</summary>
/// <param name="Sequence">Counts from 1.</param>
/// <param name="MonotonicMs">The machine's CLOCK_MONOTONIC in milliseconds, which all processes of the machine share.</param>
/// <param name="Operation"><c>read</c>, <c>write</c>, <c>delete</c>, <c>publish</c> or <c>secret</c>.</param>
/// <param name="Key">The key up to its first dot, the topic, or the name of the secret.</param>
internal sealed record RecordedCall(long Sequence, double MonotonicMs, string App, string Operation, string Component, string Key);

/// <summary>
/// Remembers the last calls to components, so that a test can say which dependencies were used. It has kinds of keys and no values. Any
/// thread.
/// </summary>
internal sealed class CallLog
{
    /// <summary>How many calls are remembered. A region of four transceivers makes some ten a second.</summary>
    public const int Remembered = 20_000;

    private readonly Lock _lock = new();
    private readonly Queue<RecordedCall> _calls = new();
    private long _sequence;

    public void Note(string app, string operation, string component, string key)
    {
        int dot = key.IndexOf('.', StringComparison.Ordinal);
        double now = Stopwatch.GetTimestamp() * 1000.0 / Stopwatch.Frequency;
        lock (_lock)
        {
            _calls.Enqueue(new RecordedCall(++_sequence, now, app, operation, component, dot > 0 ? key[..dot] : key));
            if (_calls.Count > Remembered) _calls.Dequeue();
        }
    }

    /// <summary>Notes one call for each kind of key.</summary>
    public void Note(string app, string operation, string component, IEnumerable<string> keys)
    {
        foreach (string kind in keys.Select(k => k.Split('.', 2)[0]).Distinct(StringComparer.Ordinal))
            Note(app, operation, component, kind);
    }

    /// <summary>The remembered calls behind that number, the oldest first.</summary>
    public List<RecordedCall> After(long sequence)
    {
        lock (_lock) return [.. _calls.Where(c => c.Sequence > sequence)];
    }
}

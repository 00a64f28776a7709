using System.Collections.Concurrent;
using Dapr.Voice.Tests.Interop.Stacks;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Interop.Calls;

/// <summary>What one peer could do: one row of the table. Thread-safe.</summary>
internal sealed class Report(Stack stack)
{
    /// <summary>The words of the table's cells.</summary>
    public const string Yes = "yes", No = "no", NotOffered = "not offered", Breaks = "breaks";

    private readonly ConcurrentDictionary<Capability, string> _failures = new();
    private readonly ConcurrentDictionary<Capability, bool> _shown = new();
    private readonly ConcurrentQueue<string> _figures = new();

    public Stack Stack => stack;

    /// <summary>The version of the stack, or null if the peer did not start.</summary>
    public string? Version { get; set; }

    /// <summary>What was measured: one sentence each.</summary>
    public IEnumerable<string> Figures => _figures;

    public void Measured(string figure) => _figures.Enqueue(figure);

    /// <summary>Why the peer could not do it, or null if it could.</summary>
    public string? Failure(Capability capability) => _failures.TryGetValue(capability, out string? failure) ? failure
        : _shown.ContainsKey(capability) ? null : "not reached";

    /// <summary>The cell of the table.</summary>
    public string Cell(Capability capability)
        => stack.Lacks.ContainsKey(capability) ? NotOffered : stack.Breaks.ContainsKey(capability) ? Breaks
        : Failure(capability) is null ? Yes : No;

    /// <summary>Fails with every capability that the peer did not show. Prints what was measured.</summary>
    public void Assert(IReadOnlyCollection<Capability> capabilities, ITestOutputHelper output)
    {
        foreach (string figure in Figures) output.WriteLine($"{stack.Name} {Version}: {figure}");
        string[] failures = [.. capabilities.Where(capability => Cell(capability) == No)
            .Select(capability => $"{capability}: {Failure(capability)}")];
        Xunit.Assert.True(failures.Length == 0, string.Join('\n', failures));
    }

    /// <summary>Runs a step that shows a capability. A failure is noted and not thrown.</summary>
    /// <returns>Whether the step succeeded.</returns>
    public async Task<bool> ShowAsync(Capability capability, Func<Task> step)
    {
        try
        {
            await step();
            _shown[capability] = true;
            return true;
        }
        catch (Exception failure)
        {
            _failures[capability] = failure.Message;
            return false;
        }
    }
}

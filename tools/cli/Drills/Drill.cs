using Dapr.Voice.Cli.Drills.Measures;

namespace Dapr.Voice.Cli.Drills;

/// <summary>One way to break a fleet, and what has to hold then.</summary>
/// <param name="Name">What a user types.</param>
/// <param name="Title">What happens, in words.</param>
/// <param name="Watch">How long the calls are watched after the damage has been done.</param>
/// <param name="DoAsync">Does the damage.</param>
internal sealed record Drill(
    string Name, string Title, TimeSpan Watch, IReadOnlyList<Bar> Bars, Func<DrillStage, CancellationToken, Task> DoAsync)
{
    public int Transceivers { get; init; } = 2;
    public int Relays { get; init; } = 1;

    /// <summary>The least age of the calls when the damage begins. They are about ten seconds old in any case.</summary>
    public TimeSpan Age { get; init; }

    /// <summary>What the drill asks the fleet at the end, before the callers hang up.</summary>
    public Func<DrillStage, CancellationToken, Task>? AskAsync { get; init; }

    /// <summary>Says what this machine lacks for the drill, or null.</summary>
    public Func<string?> WhyNot { get; init; } = () => null;

    /// <summary>Processes whose wall clock the drill can move, and how (<see cref="Fleet.FakeClock"/>).</summary>
    public bool HasFakeClock { get; init; }
}

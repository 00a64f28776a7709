using Dapr.Voice.Cli.Drills.Fleet;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Cli.Drills;

/// <summary>
/// Which dependencies a recovery touched. What every process does each second, as renewing its lease, is no part of a recovery. So only
/// those calls count whose kind was not seen before the damage.
/// </summary>
internal static class Dependencies
{
    /// <summary>The agent is no component of Dapr.</summary>
    public const string Agent = "agent";

    /// <param name="before">The calls of some seconds before the damage.</param>
    /// <param name="during">The calls between the damage and the recovery.</param>
    /// <returns>The names of the dependencies, and who called what, how often.</returns>
    public static (IReadOnlyList<string> Names, IReadOnlyList<string> Details) Touched(
        IEnumerable<SidecarCall> before, IEnumerable<SidecarCall> during, int agentConnections)
    {
        var routine = before.Select(Kind).ToHashSet();
        (string App, string Operation, string Component, string Key)[] calls = [.. during.Select(Kind).Where(k => !routine.Contains(k))];
        List<string> names = [.. calls.Select(c => NameOf(c.Component)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        List<string> details = [.. calls.GroupBy(c => c).OrderBy(g => g.Key)
            .Select(g => $"{g.Key.App}: {NameOf(g.Key.Component)} {g.Key.Operation} {g.Key.Key} ({g.Count()})")];
        if (agentConnections > 0)
        {
            names.Insert(0, Agent);
            details.Add($"{Agent}: {agentConnections} connections");
        }
        return (names, details);
    }

    private static (string App, string Operation, string Component, string Key) Kind(SidecarCall call)
        => (call.App, call.Operation, call.Component, call.Key);

    private static string NameOf(string component) => component switch
    {
        ComponentNames.Sessions or ComponentNames.Checkpoints => "store",
        ComponentNames.Lifecycle => "broker",
        ComponentNames.Secrets => "secrets",
        _ => component,
    };
}

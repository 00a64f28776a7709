namespace Dapr.Voice.Infra.Checks;

/// <summary>
/// One shape of deployment: a set of parameters for which the templates are resolved. The rules have to hold in each shape.
/// </summary>
/// <param name="Name">The name of its files in infra/bicep/snapshots.</param>
/// <param name="Environment">The variables of azd's environment, from which main.parameters.json is filled.</param>
/// <param name="Overrides">Parameters of main.bicep that replace those values.</param>
/// <param name="Regions">The number of regions.</param>
/// <param name="Shards">The transceiver shards of each region, including sleeping ones.</param>
/// <param name="IsPublished">The images exist, so there are apps.</param>
/// <param name="HasUdpEdge">The edge is <c>udp-edge</c>.</param>
public sealed record Scenario(
    string Name, IReadOnlyDictionary<string, string> Environment, IReadOnlyDictionary<string, object?> Overrides, int Regions, int Shards,
    bool IsPublished, bool HasUdpEdge)
{
    /// <summary>The number of <see cref="Shards"/> that sleep until the others are full.</summary>
    public int StandbyShards { get; init; }

    /// <summary>
    /// False for a shape that is a step between two others. Only its snapshot describes it, because some of its apps are not in it.
    /// </summary>
    public bool HasRules { get; init; } = true;

    /// <summary>The app ids of other services that subscribe to lifecycle events.</summary>
    public IReadOnlyList<string> Subscribers => Overrides.GetValueOrDefault("subscribers") is object?[] apps ? [.. apps.OfType<string>()]
        : [];
}

namespace Dapr.Voice.Infra.Checks;

/// <summary>
/// One shape of deployment: a set of parameters for which the templates are resolved. What a rule says has to hold in each.
/// </summary>
/// <param name="Name">Name of its files in infra/bicep/snapshots.</param>
/// <param name="Environment">Variables of azd's environment, from which main.parameters.json is filled.</param>
/// <param name="Overrides">Parameters of main.bicep on top of it.</param>
/// <param name="Regions">How many regions it has.</param>
/// <param name="Shards">Transceiver shards of each region, sleeping ones included.</param>
/// <param name="IsPublished">The images are there: apps run instead of placeholders.</param>
/// <param name="HasUdpEdge">The edge is <c>udp-edge</c>.</param>
public sealed record Scenario(
    string Name, IReadOnlyDictionary<string, string> Environment, IReadOnlyDictionary<string, object?> Overrides, int Regions, int Shards,
    bool IsPublished, bool HasUdpEdge)
{
    /// <summary>How many of <see cref="Shards"/> sleep until the others are full.</summary>
    public int StandbyShards { get; init; }

    /// <summary>
    /// False for a shape that is a step between two others, which only its snapshot describes: part of its apps is not there, or only the
    /// deployment knows whether it is.
    /// </summary>
    public bool HasRules { get; init; } = true;

    /// <summary>App ids of other services that subscribe to lifecycle events.</summary>
    public IReadOnlyList<string> Subscribers => Overrides.GetValueOrDefault("subscribers") is object?[] apps ? [.. apps.OfType<string>()]
        : [];
}

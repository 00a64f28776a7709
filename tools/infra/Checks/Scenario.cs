namespace Dapr.Voice.Infra.Checks;

/// <summary>One set of parameters that the templates are resolved with: what a rule says has to hold in each.</summary>
/// <param name="Name">For counts and messages.</param>
/// <param name="Environment">Variables of azd's environment, from which main.parameters.json is filled.</param>
/// <param name="Overrides">Parameters of main.bicep on top of it.</param>
/// <param name="Regions">How many regions it has.</param>
/// <param name="Shards">Transceiver shards of each region, sleeping ones included.</param>
/// <param name="IsPublished">The images are there: apps run instead of placeholders.</param>
/// <param name="HasUdpEdge">The edge is <c>udp-edge</c>.</param>
public sealed record Scenario(string Name, IReadOnlyDictionary<string, string> Environment, IReadOnlyDictionary<string, object?> Overrides, int Regions, int Shards, bool IsPublished, bool HasUdpEdge)
{
    /// <summary>Regions are spread over their zones.</summary>
    public bool IsZoneRedundant { get; init; }

    /// <summary>App ids of other services that subscribe to lifecycle events.</summary>
    public IReadOnlyList<string> Subscribers => Overrides.GetValueOrDefault("subscribers") is object?[] apps ? [.. apps.OfType<string>()] : [];
}

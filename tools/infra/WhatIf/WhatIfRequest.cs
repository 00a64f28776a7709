using Dapr.Voice.Infra.Capacity;

namespace Dapr.Voice.Infra.WhatIf;

/// <summary>What is to be looked at; null is what main.parameters.json says.</summary>
/// <param name="Regions">Azure locations, home first.</param>
/// <param name="Shards">Shards of each region, 1 to 99.</param>
public sealed record WhatIfRequest(IReadOnlyList<string>? Regions = null, Edge? Edge = null, int? Shards = null)
{
    /// <summary>Where the environment names no location and the request no region.</summary>
    public const string DefaultRegion = "westeurope";

    public const int MostRegions = 16, MostShards = 99;
}

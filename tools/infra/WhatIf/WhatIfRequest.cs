using Dapr.Voice.Infra.Capacity;

namespace Dapr.Voice.Infra.WhatIf;

/// <summary>What to look at. Null means the value in main.parameters.json.</summary>
/// <param name="Regions">Azure locations. The home region is first.</param>
/// <param name="Shards">The shards of each region, 1 to 99.</param>
public sealed record WhatIfRequest(IReadOnlyList<string>? Regions = null, Edge? Edge = null, int? Shards = null)
{
    /// <summary>Used if neither the environment nor the request names a location.</summary>
    public const string DefaultRegion = "westeurope";

    public const int MostRegions = 16, MostShards = 99;
}

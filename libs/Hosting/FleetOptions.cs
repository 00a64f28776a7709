namespace Dapr.Voice.Hosting;

/// <summary>
/// Settings that all services of one region share, from the section <c>Fleet</c> (<c>Fleet__Region</c> and so on).
/// </summary>
public sealed class FleetOptions : IServiceOptions
{
    public static string Section => "Fleet";

    /// <summary>
    /// The name of the region, which is part of call ids, state keys and events. Lower-case letters, digits and hyphens.
    /// </summary>
    public string Region { get; set; } = "local";

    /// <summary>The number of the region in routing hints, 0 to 255. Each region of a fleet has another one.</summary>
    public int RegionNumber { get; set; }

    /// <summary>The number of slots of the region, 1 to 65,536. It is the same in all its services.</summary>
    public int SlotCount { get; set; } = 64;

    /// <summary>The number of shards that other services search, 1 to 100. The shard of each transceiver is below it.</summary>
    public int MaximumShards { get; set; } = 16;

    public IEnumerable<string> Problems()
    {
        // The call id (at most 64 characters) and the state keys contain the name of the region.
        if (Region.Length is < 1 or > 32 || !Region.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            yield return "Fleet__Region: 1 to 32 lower-case letters, digits and hyphens, for example 'local' or 'westeurope'.";
        if (RegionNumber is < 0 or > 255) yield return "Fleet__RegionNumber: a number from 0 to 255, unique in the fleet.";
        if (SlotCount is < 1 or > 65_536) yield return "Fleet__SlotCount: a number from 1 to 65536; 64 suits most regions.";
        if (MaximumShards is < 1 or > 100)
            yield return "Fleet__MaximumShards: a number from 1 to 100, above the highest Transceiver__Shard.";
    }
}

namespace Dapr.Voice.Hosting;

/// <summary>What every service of one region agrees on. Section <c>Fleet</c> (<c>Fleet__Region</c>…).</summary>
public sealed class FleetOptions : IServiceOptions
{
    public static string Section => "Fleet";

    /// <summary>Name of the region: part of call ids, state keys and events. Lower-case letters, digits and hyphens.</summary>
    public string Region { get; set; } = "local";

    /// <summary>Number of the region in routing hints, 0 to 255, different for each region of a fleet.</summary>
    public int RegionNumber { get; set; }

    /// <summary>Slots of the region, 1 to 65,536; the same in all its services.</summary>
    public int SlotCount { get; set; } = 64;

    /// <summary>Shards that others look for: a transceiver's shard is below it. 1 to 100.</summary>
    public int MaximumShards { get; set; } = 16;

    public IEnumerable<string> Problems()
    {
        // The call id (at most 64 characters) and the state keys carry the region's name.
        if (Region.Length is < 1 or > 32 || !Region.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            yield return "Fleet__Region: 1 to 32 lower-case letters, digits and hyphens, for example 'local' or 'westeurope'.";
        if (RegionNumber is < 0 or > 255) yield return "Fleet__RegionNumber: a number from 0 to 255, unique in the fleet.";
        if (SlotCount is < 1 or > 65_536) yield return "Fleet__SlotCount: a number from 1 to 65536; 64 suits most regions.";
        if (MaximumShards is < 1 or > 100)
            yield return "Fleet__MaximumShards: a number from 1 to 100, above the highest Transceiver__Shard.";
    }
}

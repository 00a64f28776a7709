using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dapr.Voice.Hooks;

/// <summary>
/// The regions that <c>main.parameters.json</c> names, checked for mistakes that would appear later and that no template can check.
/// </summary>
internal sealed record RegionSettings(string Location, int Number)
{
    private const string File = "main.parameters.json";

    // The same as maximumShards in main.parameters.json. Standby shards count, too.
    private const int MaximumShards = 8;

    /// <summary>Reads the regions. The home region is first.</summary>
    /// <exception cref="HookFailure">The file names no regions, or one that cannot be deployed.</exception>
    public static IReadOnlyList<RegionSettings> Read(HookContext context)
    {
        string path = Path.Combine(context.RepositoryRoot, "infra", "bicep", File);
        if (!System.IO.File.Exists(path)) throw new HookFailure($"{path} does not exist", "run azd from a clone of the repository");
        var regions = new List<RegionSettings>();
        foreach (JsonNode? region in RegionsIn(System.IO.File.ReadAllText(path)))
        {
            string home = context.Optional("AZURE_LOCATION") ?? "";
            string location = (region?["location"]?.ToString() ?? "").Replace("${AZURE_LOCATION}", home, StringComparison.Ordinal);
            if (location.Length == 0)
                throw new HookFailure($"a region in {File} has no location",
                    "run 'azd env set AZURE_LOCATION swedencentral', or write the location there");
            int number = Integer(region, "number")
                ?? throw new HookFailure($"region {location} has no number",
                    "give it one from 0 to 255 that no other region has or has had");
            if (number is < 0 or > 255) throw new HookFailure($"region {location} has the number {number}", "give it one from 0 to 255");
            if (regions.Any(r => r.Number == number))
                throw new HookFailure($"two regions have the number {number}",
                    "hints, addresses and ports follow from it: give each region its own number, and never reuse one");
            if (regions.Any(r => r.Location.Equals(location, StringComparison.OrdinalIgnoreCase)))
                throw new HookFailure($"location {location} is there twice", "give its region more shards instead");
            if ((Integer(region, "shards") ?? 0) + (Integer(region, "standbyShards") ?? 0) > MaximumShards)
                throw new HookFailure($"region {location} has more than {MaximumShards} shards",
                    "raise maximumShards in main.parameters.json and here; standby shards count, too");
            regions.Add(new RegionSettings(location, number));
        }
        return regions.Count > 0 ? regions
            : throw new HookFailure($"{File} has no regions",
                """write "regions": { "value": [ { "location": "${AZURE_LOCATION}", "number": 1, "shards": 2 } ] }""");
    }

    private static JsonArray RegionsIn(string text)
    {
        try
        {
            return JsonNode.Parse(text)?["parameters"]?["regions"]?["value"] as JsonArray ?? [];
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new HookFailure($"{File} can't be read: {exception.Message}", "mend the file; 'git diff' shows what changed");
        }
    }

    private static int? Integer(JsonNode? region, string name) => region?[name] is JsonValue value && value.TryGetValue(out int number)
        ? number : null;
}

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dapr.Voice.Hooks;

/// <summary>
/// A region that the next deployment has: an element of <c>VOICE_REGIONS_JSON</c>. It is checked for mistakes that would appear later and
/// that no template can check.
/// </summary>
internal sealed record RegionSettings(string Location, int Number, int StandbyShards = 0)
{
    public const string Variable = "VOICE_REGIONS_JSON";

    // The same as maximumShards in main.parameters.json. Standby shards count, too.
    private const int UsualMaximumShards = 8;

    /// <summary>
    /// Reads the regions. The home region is first. Without the variable there is one, at <c>AZURE_LOCATION</c>. If that is not set either,
    /// the list is empty, and azd asks for the location later.
    /// </summary>
    /// <exception cref="HookFailure">A region cannot be deployed.</exception>
    public static IReadOnlyList<RegionSettings> Read(HookContext context)
    {
        if (context.Optional(Variable) is not { } text)
            return context.Optional("AZURE_LOCATION") is { } home ? [new RegionSettings(home, 1)] : [];
        int maximum = int.TryParse(context.Optional("VOICE_MAXIMUM_SHARDS"), NumberStyles.None, CultureInfo.InvariantCulture,
            out int set) ? set : UsualMaximumShards;
        var regions = new List<RegionSettings>();
        foreach (JsonNode? region in RegionsIn(text))
        {
            string location = region?["location"]?.ToString() ?? "";
            if (location.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c)))
                throw Wrong($"'{location}' is no location", "write it as Azure does, in small letters without blanks: swedencentral");
            if (location.Length == 0) throw Wrong("a region has no location", """write "location": "swedencentral" in it""");
            int number = Integer(region, "number")
                ?? throw Wrong($"region {location} has no number", "give it one from 0 to 255 that no other region has or has had");
            if (number is < 0 or > 255) throw Wrong($"region {location} has the number {number}", "give it one from 0 to 255");
            if (regions.Any(r => r.Number == number))
                throw Wrong($"two regions have the number {number}",
                    "hints, addresses and ports follow from it: give each region its own number, and never reuse one");
            if (regions.Any(r => r.Location == location))
                throw Wrong($"location {location} is there twice", "give its region more shards instead");
            if ((Integer(region, "shards") ?? 0) + (Integer(region, "standbyShards") ?? 0) > maximum)
                throw Wrong($"region {location} has more than {maximum} shards",
                    "raise it by 'azd env set VOICE_MAXIMUM_SHARDS'; standby shards count, too");
            regions.Add(new RegionSettings(location, number, Integer(region, "standbyShards") ?? 0));
        }
        return regions.Count > 0 ? regions : throw Wrong("the list is empty", Example);
    }

    public string GroupOf(string environment) => $"rg-{environment}-{Location}";

    private static string Example
        => $$"""run azd env set {{Variable}} '[{"location":"swedencentral","number":1,"shards":2}]'""";

    private static HookFailure Wrong(string problem, string fix) => new($"{Variable}: {problem}", fix);

    private static JsonArray RegionsIn(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonArray ?? throw Wrong("it is no list", Example);
        }
        catch (JsonException exception)
        {
            throw Wrong($"it can't be read: {exception.Message}", Example);
        }
    }

    private static int? Integer(JsonNode? region, string name) => region?[name] is JsonValue value && value.TryGetValue(out int number)
        ? number : null;
}

using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dapr.Voice.Hooks;

/// <summary>
/// The settings of a deployment on a machine that does not know them. azd stores variables on the machine where somebody set them, and
/// 'azd env refresh' brings outputs only. With the defaults instead, a second machine or a pipeline would change the edge, the regions or
/// the agent.
/// </summary>
internal static class DeployedSettings
{
    // The hooks find out by themselves what is in the vaults.
    private const string FoundOut = "VOICE_KEYED_REGIONS";

    /// <summary>
    /// Sets each variable that this machine does not have to what is deployed. A variable that is there, also if it is empty, is what
    /// somebody chose here.
    /// </summary>
    public static async Task FollowAsync(HookContext context, AzdCli azd, LastDeployment deployed, CancellationToken cancellation)
    {
        if (deployed.Text("location") is { Length: > 0 } location && context.Optional("AZURE_LOCATION") is { } chosen
            && chosen != location)
            throw new HookFailure($"this environment is deployed with AZURE_LOCATION {location}, and here it is {chosen}",
                $"run 'azd env set AZURE_LOCATION {location}'; regions are set by VOICE_REGIONS_JSON");
        if (context.Optional("AZURE_LOCATION") is null && deployed.Text("location") is { Length: > 0 } first)
            await azd.SetAsync("AZURE_LOCATION", first, cancellation);
        foreach ((string parameter, string variable, string? usual) in ParameterFile.Read(context))
        {
            if (variable == FoundOut || context.Environment.ContainsKey(variable)) continue;
            if (deployed.Text(parameter) is not { } value || IsUsual(context, variable, value, usual)) continue;
            await azd.SetAsync(variable, value, cancellation);
            context.Say($"settings: {variable} is {value}, as deployed; this machine had none");
        }
    }

    private static bool IsUsual(HookContext context, string variable, string value, string? usual)
    {
        if (usual is not null || !variable.EndsWith("_JSON", StringComparison.Ordinal))
            return string.Equals(value, usual ?? "", StringComparison.OrdinalIgnoreCase);
        JsonNode? list = variable == RegionSettings.Variable
            ? new JsonArray(new JsonObject { ["location"] = context.Optional("AZURE_LOCATION"), ["number"] = 1, ["shards"] = 2 })
            : new JsonArray();
        try
        {
            return JsonNode.DeepEquals(JsonNode.Parse(value), list);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

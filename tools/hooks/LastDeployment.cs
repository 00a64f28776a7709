using System.Text.Json.Nodes;

namespace Dapr.Voice.Hooks;

/// <summary>
/// The last deployment of an environment that succeeded, whatever machine made it. Azure records every parameter that it had, defaults
/// included.
/// </summary>
/// <param name="At">When it ended.</param>
internal sealed record LastDeployment(DateTimeOffset At, JsonObject Parameters)
{
    /// <summary>Returns the value of a parameter as azd's variable would hold it: text, or JSON for a list, or null.</summary>
    public string? Text(string parameter) => Parameters[parameter]?["value"] switch
    {
        null => null,
        JsonValue value => value.ToString(),
        JsonNode value => value.ToJsonString(),
    };

    public bool IsOnMachines => Text("edge") == "udp-edge";

    public bool HasSampleAgent => string.IsNullOrEmpty(Text("agentUrl"));

    /// <summary>Returns the number of a region's shards that the deployment left as they ran.</summary>
    public int KeptShards(string location) => (Parameters["regions"]?["value"] as JsonArray ?? [])
        .Where(region => region?["location"]?.ToString() == location)
        .Select(region => int.TryParse(region?["keepShards"]?.ToString(), out int kept) ? kept : 0).FirstOrDefault();
}

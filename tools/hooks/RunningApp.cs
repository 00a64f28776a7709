using System.Globalization;
using System.Text.Json.Nodes;

namespace Dapr.Voice.Hooks;

/// <summary>A container app as <c>az containerapp</c> shows it.</summary>
/// <param name="Image">The image of its first container.</param>
/// <param name="IsReady">The newest revision is the one that runs.</param>
internal sealed record RunningApp(string Name, string Image, bool IsReady)
{
    private const string ShardPrefix = "transceiver-";

    /// <summary>The number of a transceiver shard, or null for another app.</summary>
    public int? Shard => Name.StartsWith(ShardPrefix, StringComparison.Ordinal)
        && int.TryParse(Name.AsSpan(ShardPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;

    /// <returns>Null if this is not what the CLI answers for an app with a container.</returns>
    public static RunningApp? Read(JsonNode? app)
    {
        JsonNode? properties = app?["properties"];
        string? name = app?["name"]?.ToString(), image = properties?["template"]?["containers"]?[0]?["image"]?.ToString();
        string? latest = properties?["latestRevisionName"]?.ToString(), ready = properties?["latestReadyRevisionName"]?.ToString();
        return name is null || string.IsNullOrEmpty(image) ? null : new RunningApp(name, image, latest is not null && latest == ready);
    }
}

using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Dapr.Voice.Hooks;

/// <summary>The variables of ours that main.parameters.json reads.</summary>
internal static partial class ParameterFile
{
    /// <summary>Returns each parameter with its variable and the default that the file gives it, or null.</summary>
    public static IEnumerable<(string Parameter, string Variable, string? Default)> Read(HookContext context)
    {
        string path = Path.Combine(context.RepositoryRoot, "infra", "bicep", "main.parameters.json");
        if (!File.Exists(path)) throw new HookFailure($"{path} does not exist", "run azd from a clone of the repository");
        JsonObject parameters = JsonNode.Parse(File.ReadAllText(path))?["parameters"] as JsonObject ?? [];
        foreach ((string parameter, JsonNode? entry) in parameters)
        {
            if (Variable().Match(entry?["value"]?.ToString() ?? "") is { Success: true } match)
                yield return (parameter, match.Groups[1].Value, match.Groups[2].Success ? match.Groups[2].Value : null);
        }
    }

    [GeneratedRegex(@"^\$\{(VOICE_[A-Z_]+)(?:=([^}]*))?\}$")]
    private static partial Regex Variable();
}

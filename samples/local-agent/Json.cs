using System.Text.Json.Nodes;

namespace Dapr.Voice.LocalAgent;

/// <summary>Reads JSON. The result is null if the client sent something else.</summary>
internal static class Json
{
    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (string name in path) node = (node as JsonObject)?[name];
        return node;
    }

    public static string? Text(this JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
    public static bool? Bool(this JsonNode? node) => node is JsonValue value && value.TryGetValue(out bool flag) ? flag : null;
    public static double? Number(this JsonNode? node) => node is JsonValue value && value.TryGetValue(out double number) ? number : null;
}

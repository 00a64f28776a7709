using System.Text.Json;
using System.Text.Json.Nodes;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>Reads documents whose shape a stranger chose. Nothing here throws, whatever it finds.</summary>
internal static class JsonNodes
{
    private static readonly JsonDocumentOptions StrictOptions = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    /// <summary>Returns null unless the bytes are a JSON object without duplicate names whose strings can all be read.</summary>
    public static JsonObject? TryParseObject(ReadOnlySpan<byte> utf8Json)
    {
        if (!JsonText.IsReadable(utf8Json)) return null;
        try
        {
            return JsonNode.Parse(utf8Json, nodeOptions: null, StrictOptions) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Returns the node at a path of member names, or null.</summary>
    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (string name in path)
        {
            if (node is not JsonObject parent || !parent.TryGetPropertyValue(name, out node)) return null;
        }
        return node;
    }

    public static string? TextAt(this JsonNode? node, params ReadOnlySpan<string> path)
        => node.At(path) is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    public static double? NumberAt(this JsonNode? node, params ReadOnlySpan<string> path)
        => node.At(path) is JsonValue value && value.TryGetValue(out double number) ? number : null;

    public static bool? FlagAt(this JsonNode? node, params ReadOnlySpan<string> path)
        => node.At(path) is JsonValue value && value.TryGetValue(out bool flag) ? flag : null;

    /// <summary>
    /// Merges <paramref name="update"/> into <paramref name="target"/>. Objects are merged, and other values are replaced. An object with
    /// another <c>type</c> is replaced as well, because its members mean something else.
    /// </summary>
    public static void MergeInto(JsonObject target, JsonObject update)
    {
        foreach ((string name, JsonNode? value) in update)
        {
            if (value is JsonObject changed && target[name] is JsonObject existing
                && (changed.TextAt("type") is not { } type || type == existing.TextAt("type")))
            {
                MergeInto(existing, changed);
            }
            else
            {
                target[name] = value?.DeepClone();
            }
        }
    }
}

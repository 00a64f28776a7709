using System.Text;
using System.Text.Json.Nodes;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// Tells a new connection what was said on the connection before. Each item becomes a <c>conversation.item.create</c>. Speech becomes its
/// transcript, because the audio is gone. Speech without a transcript and unfinished function calls are omitted.
/// </summary>
internal static class ConversationReplay
{
    /// <summary>Returns null if the item contains nothing that can be replayed.</summary>
    public static byte[]? TryToCreateEvent(JsonObject item)
    {
        var told = (JsonObject)item.DeepClone();
        told.Remove("object");
        told.Remove("status");
        if (item.TextAt("type") == "message")
        {
            bool isAssistant = item.TextAt("role") == "assistant";
            var content = new JsonArray();
            foreach (JsonNode? part in item["content"] as JsonArray ?? [])
            {
                string? text = part.TextAt("text") ?? part.TextAt("transcript");
                if (!string.IsNullOrWhiteSpace(text))
                    content.Add(new JsonObject { ["type"] = isAssistant ? "output_text" : "input_text", ["text"] = text });
            }
            if (content.Count == 0) return null;
            told["content"] = content;
        }
        else if (item.TextAt("type") is not ("function_call" or "function_call_output") || item.TextAt("status") == "in_progress")
        {
            return null;
        }
        return Encoding.UTF8.GetBytes(new JsonObject { ["type"] = "conversation.item.create", ["item"] = told }.ToJsonString());
    }

    /// <summary>Removes the audio from an item, because the log stores only text.</summary>
    public static void StripAudio(JsonObject item)
    {
        foreach (JsonNode? part in item["content"] as JsonArray ?? []) (part as JsonObject)?.Remove("audio");
    }
}

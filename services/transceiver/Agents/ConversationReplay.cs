using System.Text;
using System.Text.Json.Nodes;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// Tells a new connection what was said on the one before: each item as <c>conversation.item.create</c>, speech as its transcript, since
/// the audio is gone. Speech without a transcript, and calls that were never finished, cannot be told and are left out.
/// </summary>
internal static class ConversationReplay
{
    /// <summary>Null where the item has nothing that can be told.</summary>
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

    /// <summary>Removes audio, which a log of text has no room for.</summary>
    public static void StripAudio(JsonObject item)
    {
        foreach (JsonNode? part in item["content"] as JsonArray ?? []) (part as JsonObject)?.Remove("audio");
    }
}

using System.Text.Json.Nodes;

namespace Dapr.Voice.LocalAgent.Realtime;

// The events of the client.
internal sealed partial class RealtimeSession
{
    private const int MaximumItemBytes = 64 * 1024;

    private Task OnClientEventAsync(JsonObject? clientEvent)
    {
        if (clientEvent is null) return SendErrorAsync("invalid_json", "A client event is a JSON object.", null, null);
        string? eventId = clientEvent["event_id"].Text();
        return clientEvent["type"].Text() switch
        {
            "session.update" => UpdateSessionAsync(clientEvent, eventId),
            "input_audio_buffer.append" => AppendAsync(clientEvent, eventId),
            "input_audio_buffer.commit" => CommitAsync(eventId),
            "input_audio_buffer.clear" => ClearInputAsync(),
            "conversation.item.create" => CreateItemAsync(clientEvent, eventId),
            "conversation.item.retrieve" => RetrieveItemAsync(clientEvent, eventId),
            "conversation.item.truncate" => TruncateItemAsync(clientEvent, eventId),
            "conversation.item.delete" => DeleteItemAsync(clientEvent, eventId),
            "response.create" => CreateResponseAsync(clientEvent["response"] as JsonObject, eventId),
            "response.cancel" => CancelResponseAsync(clientEvent["response_id"].Text(), eventId),
            null => SendErrorAsync("missing_type", "A client event has a type.", "type", eventId),
            var type => SendErrorAsync("unknown_event", $"There is no client event '{(type.Length <= 64 ? type : type[..64])}'.", "type",
                eventId),
        };
    }

    private async Task UpdateSessionAsync(JsonObject clientEvent, string? eventId)
    {
        if (clientEvent["session"] is not JsonObject update)
        {
            await SendErrorAsync("invalid_value", "session.update carries an object 'session'.", "session", eventId);
            return;
        }
        if (_settings.Update(update) is { } wrong)
        {
            await SendErrorAsync(wrong.Code, wrong.Message, wrong.Parameter, eventId);
            return;
        }
        _input.Detection = _settings.TurnOptions;
        await SendAsync("session.updated", new JsonObject { ["session"] = _settings.Copy() });
    }

    private async Task CreateItemAsync(JsonObject clientEvent, string? eventId)
    {
        if (clientEvent["item"] is not JsonObject given || given["type"].Text() is not { } type)
        {
            await SendErrorAsync("invalid_value", "conversation.item.create carries an object 'item' with a type.", "item", eventId);
            return;
        }
        if (type is not ("message" or "function_call" or "function_call_output"))
        {
            await SendErrorAsync("invalid_value", "An item is a message, a function_call or a function_call_output.", "item.type", eventId);
            return;
        }
        if (given.ToJsonString().Length > MaximumItemBytes)
        {
            await SendErrorAsync("item_too_large", $"An item has at most {MaximumItemBytes} bytes.", "item", eventId);
            return;
        }
        var item = (JsonObject)given.DeepClone();
        string id = item["id"].Text() ?? RealtimeIds.Next("item_");
        if (_conversation.Find(id) is not null)
        {
            await SendErrorAsync("item_exists", "There is an item of that id.", "item.id", eventId);
            return;
        }
        item["id"] = id;
        item["object"] = "realtime.item";
        item["status"] = "completed";
        RemoveAudio(item);
        if (!_conversation.TryInsert(item, clientEvent["previous_item_id"].Text(), out string? previousId))
        {
            await SendErrorAsync("item_not_found", "There is no item of that id.", "previous_item_id", eventId);
            return;
        }
        await SendItemAsync("conversation.item.added", item, previousId);
        await SendItemAsync("conversation.item.done", item, previousId);
    }

    private Task RetrieveItemAsync(JsonObject clientEvent, string? eventId)
        => _conversation.Find(clientEvent["item_id"].Text()) is { } item
            ? SendAsync("conversation.item.retrieved", new JsonObject { ["item"] = item.DeepClone() })
            : SendItemNotFoundAsync(eventId);

    private Task TruncateItemAsync(JsonObject clientEvent, string? eventId)
    {
        if (_conversation.Find(clientEvent["item_id"].Text()) is not { } item) return SendItemNotFoundAsync(eventId);
        if (item["role"].Text() != "assistant")
            return SendErrorAsync("invalid_value", "Only what the assistant said can be truncated.", "item_id", eventId);
        // What the caller has not heard was not said. Nobody knows which words those are, so all of them are removed.
        if (item["content"] is JsonArray { Count: > 0 } content && content[0] is JsonObject part) part["transcript"] = "";
        return SendAsync("conversation.item.truncated", new JsonObject
        {
            ["item_id"] = item["id"]!.DeepClone(),
            ["content_index"] = clientEvent["content_index"]?.DeepClone() ?? 0,
            ["audio_end_ms"] = clientEvent["audio_end_ms"]?.DeepClone() ?? 0,
        });
    }

    private Task DeleteItemAsync(JsonObject clientEvent, string? eventId)
    {
        string? id = clientEvent["item_id"].Text();
        return _conversation.Remove(id) ? SendAsync("conversation.item.deleted", new JsonObject { ["item_id"] = id })
            : SendItemNotFoundAsync(eventId);
    }

    private Task SendItemNotFoundAsync(string? eventId)
        => SendErrorAsync("item_not_found", "There is no item of that id.", "item_id", eventId);

    private Task SendItemAsync(string type, JsonObject item, string? previousId)
        => SendAsync(type, new JsonObject { ["previous_item_id"] = previousId, ["item"] = item.DeepClone() });

    /// <summary>Removes audio inside an item. A transcript beside it stays, and the transcript's key is always present.</summary>
    private static void RemoveAudio(JsonObject item)
    {
        foreach (JsonNode? part in item["content"] as JsonArray ?? [])
        {
            if (part is not JsonObject content || content["type"].Text() != "input_audio") continue;
            content.Remove("audio");
            content["transcript"] ??= null;
        }
    }
}

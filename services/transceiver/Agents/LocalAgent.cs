using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// The Realtime dialect of a built-in agent: the session, the conversation items, and a refusal with the client's <c>event_id</c> for what
/// the agent cannot do. The unmodified OpenAI Agents SDK works with it (docs/protocols/realtime.md 2 to 5).
/// </summary>
internal abstract class LocalAgent : Agent
{
    protected LocalAgent(IAgentHost host, string name) : base(host)
        => Configuration = new SessionConfiguration(name, host.Asked);

    protected SessionConfiguration Configuration { get; }
    protected ConversationLog<JsonObject> Conversation { get; } = new();

    public override void Start() { }

    public override void Continue(AgentState state, bool isChannelOpen)
    {
        if (state.Session is { } session) Configuration.Restore(session);
        OnSessionUpdated();
        foreach (JsonElement element in state.LocalItems)
        {
            if (JsonNodes.TryParseObject(Encoding.UTF8.GetBytes(element.GetRawText())) is { } item && item.TextAt("id") is { } id)
                TryPut(id, item, previousId: null);
        }
        // The client has its session.created already.
        if (isChannelOpen) base.OnChannelOpen();
    }

    public override AgentState ExportState() => new()
    {
        Session = Configuration.ToElement(),
        IsGreeted = Channel.IsOpen,
        LocalItems = [.. Conversation.Items.Select(item => JsonElement.Parse(item.ToJsonString()))],
        Parts = ExportParts(),
    };

    public override void OnChannelOpen()
    {
        base.OnChannelOpen();
        SendSession("session.created"u8);
    }

    protected override void OnRequest(ReadOnlySpan<byte> utf8Json, RealtimeEventHeader header)
    {
        if (header.Is("session.update"u8)) UpdateSession(utf8Json);
        else if (header.Is("conversation.item.create"u8)) CreateItem(utf8Json);
        else if (header.Is("conversation.item.retrieve"u8)) RetrieveItem(header);
        else if (header.Is("conversation.item.delete"u8)) DeleteItem(header);
        else if (header.Is("conversation.item.truncate"u8)) TruncateItem(utf8Json, header);
        else if (header.Is("response.create"u8))
            CreateResponse(JsonNodes.TryParseObject(utf8Json).At("response", "metadata") as JsonObject);
        else if (header.Is("response.cancel"u8)) CancelResponse();
        else if (header.Is("input_audio_buffer.commit"u8)) CommitInput();
        else if (header.Is("input_audio_buffer.clear"u8)) ClearInput();
        else if (header.Is("output_audio_buffer.clear"u8)) ClearOutput();
        else if (header.Is("input_audio_buffer.append"u8)) RefuseAppend(Channel);
        else Channel.Error("unknown_event", $"This agent knows no event '{Encoding.UTF8.GetString(header.Type)}'.", "type");
    }

    /// <summary>Refuses audio on the data channel. The caller's audio comes by RTP, and a second way in would mix two clocks.</summary>
    internal static void RefuseAppend(ClientChannel channel)
        => channel.Error(
        "unsupported_event", "Audio arrives by the media track; input_audio_buffer.append is for WebSocket sessions.", "type");

    /// <summary>The client changed the session.</summary>
    protected virtual void OnSessionUpdated() { }

    /// <summary>Handles <c>response.create</c>. An agent that has nothing to say answers with an empty response.</summary>
    protected virtual void CreateResponse(JsonObject? metadata)
    {
        string id = RealtimeIds.NewResponse();
        SendResponse("response.created"u8, id, "in_progress", reason: null, metadata, outputItem: null);
        SendResponse("response.done"u8, id, "completed", reason: null, metadata, outputItem: null);
    }

    protected virtual void CancelResponse() => Channel.Error("response_cancel_not_active", "No response is in progress.");

    protected virtual void CommitInput() => Channel.Error("input_audio_buffer_commit_empty", "The input audio buffer is empty.");

    protected virtual void ClearInput()
    {
        Channel.Begin("input_audio_buffer.cleared"u8);
        Channel.Send();
    }

    protected virtual void ClearOutput()
    {
        Host.Downlink.Flush();
        Channel.Begin("output_audio_buffer.cleared"u8);
        Channel.Send();
    }

    /// <param name="reason">The <c>status_details.reason</c> of a cancelled response.</param>
    /// <param name="outputItem">The only item of the response's output, or null for none.</param>
    protected void SendResponse(ReadOnlySpan<byte> type, string id, string status, string? reason, JsonObject? metadata,
        JsonObject? outputItem)
    {
        Utf8JsonWriter json = Channel.Begin(type);
        json.WriteStartObject("response"u8);
        json.WriteString("object"u8, "realtime.response"u8);
        json.WriteString("id"u8, id);
        json.WriteString("status"u8, status);
        if (reason is null)
        {
            json.WriteNull("status_details"u8);
        }
        else
        {
            json.WriteStartObject("status_details"u8);
            json.WriteString("type"u8, status);
            json.WriteString("reason"u8, reason);
            json.WriteEndObject();
        }
        json.WriteStartArray("output"u8);
        outputItem?.WriteTo(json);
        json.WriteEndArray();
        json.WriteStartArray("output_modalities"u8);
        json.WriteStringValue("audio"u8);
        json.WriteEndArray();
        if (metadata is not null)
        {
            json.WritePropertyName("metadata"u8);
            metadata.WriteTo(json);
        }
        json.WriteEndObject();
        Channel.Send();
    }

    /// <summary>Sends <c>conversation.item.added</c>, <c>.done</c> or <c>.retrieved</c>.</summary>
    protected void SendItem(ReadOnlySpan<byte> type, JsonObject item, string? previousId, bool hasPrevious = true)
    {
        Utf8JsonWriter json = Channel.Begin(type);
        if (hasPrevious) json.WriteString("previous_item_id"u8, previousId);
        json.WritePropertyName("item"u8);
        item.WriteTo(json);
        Channel.Send();
    }

    /// <inheritdoc cref="ConversationLog{TItem}.TryPut"/>
    protected bool TryPut(string id, JsonObject item, string? previousId)
    {
        if (!Conversation.TryPut(id, item, Encoding.UTF8.GetByteCount(item.ToJsonString()), previousId)) return false;
        Host.NoteConversation(isTurnOver: false);
        return true;
    }

    protected static JsonObject NewMessage(string id, string role, string status, JsonObject? content) => new()
    {
        ["id"] = id,
        ["object"] = "realtime.item",
        ["type"] = "message",
        ["status"] = status,
        ["role"] = role,
        ["content"] = content is null ? new JsonArray() : new JsonArray(content),
    };

    private void SendSession(ReadOnlySpan<byte> type)
    {
        Utf8JsonWriter json = Channel.Begin(type);
        json.WritePropertyName("session"u8);
        Configuration.WriteTo(json);
        Channel.Send();
    }

    private void UpdateSession(ReadOnlySpan<byte> utf8Json)
    {
        if (JsonNodes.TryParseObject(utf8Json).At("session") is not JsonObject update)
        {
            Channel.Error("invalid_value", "session.update needs an object 'session'.", "session");
        }
        else if (!Configuration.TryMerge(update))
        {
            Channel.Error("session_too_large", $"A session may have {SessionConfiguration.MaximumBytes} bytes.", "session");
        }
        else
        {
            OnSessionUpdated();
            Host.NoteConversation(isTurnOver: false);
            SendSession("session.updated"u8);
        }
    }

    private void CreateItem(ReadOnlySpan<byte> utf8Json)
    {
        JsonObject? request = JsonNodes.TryParseObject(utf8Json);
        if (request.At("item") is not JsonObject item || item.TextAt("type") is null)
        {
            Channel.Error("invalid_value", "conversation.item.create needs an object 'item' with a type.", "item");
            return;
        }
        item = (JsonObject)item.DeepClone();
        string id = item.TextAt("id") is { Length: > 0 and <= RealtimeEventHeader.MaximumIdBytes } given ? given : RealtimeIds.NewItem();
        item["id"] = id;
        item["object"] = "realtime.item";
        item["status"] = "completed";
        if (Conversation.Find(id) is not null)
        {
            Channel.Error("item_exists", "An item with this id exists.", "item.id");
        }
        else if (!TryPut(id, item, request.TextAt("previous_item_id")))
        {
            Channel.Error("item_not_found", "The previous item does not exist.", "previous_item_id");
        }
        else
        {
            string? previous = Conversation.PreviousOf(id);
            SendItem("conversation.item.added"u8, item, previous);
            SendItem("conversation.item.done"u8, item, previous);
        }
    }

    private void RetrieveItem(RealtimeEventHeader header)
    {
        if (Conversation.Find(header.ItemIdText) is { } item)
            SendItem("conversation.item.retrieved"u8, item, previousId: null, hasPrevious: false);
        else RefuseUnknownItem();
    }

    private void DeleteItem(RealtimeEventHeader header)
    {
        if (!Conversation.Remove(header.ItemIdText))
        {
            RefuseUnknownItem();
            return;
        }
        Host.NoteConversation(isTurnOver: false);
        Channel.Begin("conversation.item.deleted"u8).WriteString("item_id"u8, header.ItemId);
        Channel.Send();
    }

    private void TruncateItem(ReadOnlySpan<byte> utf8Json, RealtimeEventHeader header)
    {
        double? end = JsonNodes.TryParseObject(utf8Json).NumberAt("audio_end_ms");
        if (Conversation.Find(header.ItemIdText) is null) RefuseUnknownItem();
        else if (end is not { } milliseconds || !(milliseconds is >= 0 and <= int.MaxValue))
            Channel.Error("invalid_value", "audio_end_ms is a number of milliseconds.", "audio_end_ms");
        else SendTruncated(header.ItemIdText, header.ContentIndex, (int)milliseconds);
    }

    protected void SendTruncated(string itemId, int contentIndex, int audioEndMilliseconds)
    {
        Utf8JsonWriter json = Channel.Begin("conversation.item.truncated"u8);
        json.WriteString("item_id"u8, itemId);
        json.WriteNumber("content_index"u8, contentIndex);
        json.WriteNumber("audio_end_ms"u8, audioEndMilliseconds);
        Channel.Send();
    }

    private void RefuseUnknownItem() => Channel.Error("item_not_found", "There is no such item.", "item_id");
}

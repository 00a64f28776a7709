using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// Reads a backend's events, on the task of its connection. A message can have megabytes, and the session's thread sends the frames of all
/// sessions of its worker. So everything that the session needs to know of an event is read here.
/// </summary>
internal static class BackendReader
{
    // Sessions and transcripts are small. In a larger message they are not looked for.
    private const int MaximumParsedBytes = 256 * 1024;

    /// <param name="header">The header of <paramref name="json"/>.</param>
    /// <param name="relayLimit">A larger event can't be passed on to the client, so its bytes are not kept.</param>
    public static BackendMessage Read(ReadOnlySpan<byte> json, RealtimeEventHeader header, int relayLimit)
    {
        BackendMessageKind kind = KindOf(header);
        JsonObject? parsed = kind is BackendMessageKind.SessionCreated or BackendMessageKind.SessionUpdated
            or BackendMessageKind.TranscriptCompleted && json.Length <= MaximumParsedBytes ? JsonNodes.TryParseObject(json) : null;
        RememberedItem? item = null;
        string? previousId = null;
        if (kind == BackendMessageKind.ItemAddedOrDone) TryReadItem(json, out item, out previousId);
        var message = new BackendMessage(kind)
        {
            Type = Encoding.UTF8.GetString(header.Type),
            HasEventId = !header.EventId.IsEmpty,
            ItemId = header.ItemIdText,
            ResponseId = header.ResponseIdText,
            ContentIndex = header.ContentIndex,
            Length = json.Length,
            Item = item,
            ItemBytes = item?.Bytes ?? 0,
            PreviousItemId = previousId,
            Transcript = parsed.TextAt("transcript"),
            InterruptsResponse = parsed.At("session") is JsonObject session ? SessionConfiguration.ReadInterruptsResponse(session) : null,
        };
        if (json.Length <= relayLimit && kind != BackendMessageKind.OutputBuffer) message.Hold(json);
        return message;
    }

    private static BackendMessageKind KindOf(RealtimeEventHeader header)
    {
        if (header.Is("session.created"u8)) return BackendMessageKind.SessionCreated;
        if (header.Is("session.updated"u8)) return BackendMessageKind.SessionUpdated;
        if (header.Is("input_audio_buffer.speech_started"u8)) return BackendMessageKind.SpeechStarted;
        if (header.Is("response.created"u8)) return BackendMessageKind.ResponseCreated;
        if (header.Is("response.output_audio.done"u8) || header.Is("response.audio.done"u8)) return BackendMessageKind.OutputAudioDone;
        if (header.Is("response.done"u8)) return BackendMessageKind.ResponseDone;
        if (header.Is("conversation.item.added"u8) || header.Is("conversation.item.done"u8)) return BackendMessageKind.ItemAddedOrDone;
        if (header.Is("conversation.item.deleted"u8)) return BackendMessageKind.ItemDeleted;
        if (header.Is("conversation.item.input_audio_transcription.completed"u8)) return BackendMessageKind.TranscriptCompleted;
        return header.Type.StartsWith("output_audio_buffer."u8) ? BackendMessageKind.OutputBuffer : BackendMessageKind.OtherEvent;
    }

    private static void TryReadItem(ReadOnlySpan<byte> json, out RememberedItem? item, out string? previousId)
    {
        item = null;
        previousId = null;
        try
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isItem = reader.ValueTextEquals("item"u8), isPrevious = reader.ValueTextEquals("previous_item_id"u8);
                reader.Read();
                if (isItem) item = RememberedItem.Read(ref reader);
                else if (isPrevious && reader.TokenType == JsonTokenType.String) previousId = reader.GetString();
                else reader.Skip();
            }
        }
        catch (Exception notText) when (notText is JsonException or InvalidOperationException)
        {
            // The header was read, so this is JSON. But a text in it is none: half a surrogate pair in an escape, for example.
            item = null;
        }
    }
}

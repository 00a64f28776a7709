using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// The parts of a Realtime event that routing needs: its type and the ids on the top level or one level below (<c>response.id</c>,
/// <c>item.id</c>). They are read in place, without building a document. The header is valid as long as the bytes. Ids longer than <see
/// cref="MaximumIdBytes"/> count as absent.
/// </summary>
internal readonly ref struct RealtimeEventHeader
{
    /// <summary>The longest id that is echoed. Ids of this dialect have about 30 characters.</summary>
    public const int MaximumIdBytes = 256;

    public ReadOnlySpan<byte> Type { get; private init; }
    public ReadOnlySpan<byte> EventId { get; private init; }
    public ReadOnlySpan<byte> ResponseId { get; private init; }
    public ReadOnlySpan<byte> ItemId { get; private init; }

    /// <summary>The Base64 of an audio delta, or text.</summary>
    public ReadOnlySpan<byte> Delta { get; private init; }
    public int ContentIndex { get; private init; }

    /// <summary>Returns false unless the bytes are one JSON object in UTF-8 that has a string <c>type</c>.</summary>
    public static bool TryRead(ReadOnlySpan<byte> json, out RealtimeEventHeader header)
    {
        header = default;
        if (!Utf8.IsValid(json)) return false;
        try
        {
            return TryReadObject(json, out header);
        }
        catch (Exception notJson) when (notJson is JsonException or InvalidOperationException)
        {
            // Utf8JsonReader reports half a surrogate pair in an escape only by an InvalidOperationException.
            header = default;
            return false;
        }
    }

    /// <summary>
    /// Reads the <c>event_id</c> of a message that is refused, as far as the message can be read. Empty if there is none.
    /// </summary>
    public static ReadOnlySpan<byte> ReadEventId(ReadOnlySpan<byte> message) => ReadTopLevelText(message, "event_id"u8);

    /// <summary>Reads the <c>type</c> of an event. Empty if there is none.</summary>
    public static string ReadType(ReadOnlySpan<byte> message) => Encoding.UTF8.GetString(ReadTopLevelText(message, "type"u8));

    public bool Is(ReadOnlySpan<byte> type) => Type.SequenceEqual(type);

    public string ItemIdText => Encoding.UTF8.GetString(ItemId);
    public string ResponseIdText => Encoding.UTF8.GetString(ResponseId);

    private static bool TryReadObject(ReadOnlySpan<byte> json, out RealtimeEventHeader header)
    {
        header = default;
        ReadOnlySpan<byte> type = default, eventId = default, responseId = default, itemId = default, delta = default;
        ReadOnlySpan<byte> nestedResponseId = default, nestedItemId = default;
        int contentIndex = 0;
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8)) type = ReadText(ref reader, MaximumIdBytes);
            else if (reader.ValueTextEquals("event_id"u8)) eventId = ReadText(ref reader, MaximumIdBytes);
            else if (reader.ValueTextEquals("response_id"u8)) responseId = ReadText(ref reader, MaximumIdBytes);
            else if (reader.ValueTextEquals("item_id"u8)) itemId = ReadText(ref reader, MaximumIdBytes);
            else if (reader.ValueTextEquals("delta"u8)) delta = ReadText(ref reader, int.MaxValue);
            else if (reader.ValueTextEquals("response"u8)) nestedResponseId = ReadNestedId(ref reader);
            else if (reader.ValueTextEquals("item"u8)) nestedItemId = ReadNestedId(ref reader);
            else if (reader.ValueTextEquals("content_index"u8))
            {
                reader.Read();
                if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out contentIndex)) reader.Skip();
            }
            else
            {
                reader.Skip();
            }
        }
        if (type.IsEmpty || reader.TokenType != JsonTokenType.EndObject || reader.Read()) return false;
        header = new RealtimeEventHeader
        {
            Type = type,
            EventId = eventId,
            ResponseId = responseId.IsEmpty ? nestedResponseId : responseId,
            ItemId = itemId.IsEmpty ? nestedItemId : itemId,
            Delta = delta,
            ContentIndex = contentIndex,
        };
        return true;
    }

    private static ReadOnlySpan<byte> ReadTopLevelText(ReadOnlySpan<byte> message, ReadOnlySpan<byte> name)
    {
        try
        {
            var reader = new Utf8JsonReader(message, isFinalBlock: false, state: default);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return default;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isWanted = reader.ValueTextEquals(name);
                if (!reader.Read()) break;
                if (isWanted && reader.TokenType == JsonTokenType.String)
                {
                    ReadOnlySpan<byte> text = reader.ValueIsEscaped ? Encoding.UTF8.GetBytes(reader.GetString()!) : reader.ValueSpan;
                    return text.Length <= MaximumIdBytes && Utf8.IsValid(text) ? text : default;
                }
                if (!reader.TrySkip()) break;
            }
        }
        catch (Exception notJson) when (notJson is JsonException or InvalidOperationException)
        {
            // What was readable did not contain it.
        }
        return default;
    }

    private static ReadOnlySpan<byte> ReadNestedId(scoped ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return default;
        }
        ReadOnlySpan<byte> id = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("id"u8)) id = ReadText(ref reader, MaximumIdBytes);
            else reader.Skip();
        }
        return id;
    }

    private static ReadOnlySpan<byte> ReadText(scoped ref Utf8JsonReader reader, int maximumBytes)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return default;
        }
        // Escapes are rare here (some encoders write base64's '/' as "\/"). Only a text with escapes costs a copy.
        ReadOnlySpan<byte> text = reader.ValueIsEscaped ? Encoding.UTF8.GetBytes(reader.GetString()!) : reader.ValueSpan;
        return text.Length <= maximumBytes ? text : default;
    }
}
